// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "kd/core/finite.hpp"
#include "kd/data/dataset.hpp"
#include "kd/files/byte_reader.hpp"
#include "kd/files/read_file.hpp"
#include "kd/io/csv_cells.hpp"

namespace kd {

struct CsvOptions {
  char separator = ',';
  bool header = true;       ///< whether the first line names the columns
  std::string label = {};   ///< the column of labels, by the name in the header
  Index label_column = -1;  ///< or by number, counted from 0; -1: there is none
  /// What the classes are called, in the order of their numbers. None: whole numbers are classes as
  /// they are, counted from 0, and texts get numbers in alphabetical order.
  std::vector<std::string> classes = {};
};

/// What was in a CSV file.
struct CsvData {
  Dataset data;                       ///< with labels where a label column was named
  std::vector<std::string> features;  ///< the names of the columns of inputs; without a header none
  std::vector<std::string> classes;   ///< the names of the classes, where they are texts
};

namespace detail {

/// Makes labels of texts.
class ClassNames {
 public:
  explicit ClassNames(std::vector<std::string> given) : names_(std::move(given)) {}

  /// Throws `DataError` when a label is none of the names that were given.
  Labels number(const std::vector<std::string>& labels, const std::string& path) {
    Labels result(static_cast<Index>(labels.size()));
    if (names_.empty() && read_numbers(labels, result)) return result;
    if (names_.empty()) {
      names_ = labels;
      std::sort(names_.begin(), names_.end());
      names_.erase(std::unique(names_.begin(), names_.end()), names_.end());
    }
    std::map<std::string_view, Label> numbers;  // every sample may have a class of its own
    for (std::size_t i = 0; i < names_.size(); ++i)
      numbers.emplace(names_[i], static_cast<Label>(i));
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const auto found = numbers.find(labels[i]);
      if (found == numbers.end())
        throw DataError(text(path, ": label of sample ", i,
                             ": expected one of the classes given, got \"", labels[i], '"'));
      result(static_cast<Index>(i)) = found->second;
    }
    return result;
  }
  std::vector<std::string> names() && { return std::move(names_); }

 private:
  static bool read_numbers(const std::vector<std::string>& labels, Labels& result) {
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const char* const end = labels[i].data() + labels[i].size();
      const auto [stop, error] =
          std::from_chars(labels[i].data(), end, result(static_cast<Index>(i)));
      if (error != std::errc{} || stop != end) return false;
    }
    return true;
  }

  std::vector<std::string> names_;
};

inline std::string_view trimmed(std::string_view cell) {
  while (!cell.empty() && (cell.front() == ' ' || cell.front() == '\t')) cell.remove_prefix(1);
  while (!cell.empty() && (cell.back() == ' ' || cell.back() == '\t')) cell.remove_suffix(1);
  return cell;
}

/// A number that a double holds, as a float; nothing where the cell is none, or not finite.
inline std::optional<float> read_number(std::string_view cell) {
  if (cell.starts_with('+') && !cell.starts_with("+-")) cell.remove_prefix(1);
  double value = 0;
  const char* const end = cell.data() + cell.size();
  const auto [stop, error] = std::from_chars(cell.data(), end, value);
  if (cell.empty() || error != std::errc{} || stop != end) return std::nullopt;
  const auto number = static_cast<float>(value);
  return is_finite(number) ? std::optional(number) : std::nullopt;
}

}  // namespace detail

/// Reads the content of a CSV file. `path` is what errors say. As `load_csv`.
inline CsvData parse_csv(std::span<const std::byte> bytes, const std::string& path,
                         const CsvOptions& options = {}) {
  detail::CsvCells cells(bytes, path, options.separator);
  std::vector<std::string> names;
  std::vector<std::string> row;
  std::uint64_t columns = 0;
  if (options.header) {
    if (!cells.next_row(names)) cells.fail("expected a header, got nothing");
    columns = names.size();
  }
  Index label_column = options.label_column;
  if (!options.label.empty()) {
    const auto found = std::find(names.begin(), names.end(), options.label);
    if (found == names.end())
      throw ConfigError(detail::text(path, ": there is no column \"", options.label, '"',
                                     options.header ? "" : ": the file is read without a header"));
    if (std::find(found + 1, names.end(), options.label) != names.end())
      throw ConfigError(detail::text(path, ": there are two columns \"", options.label,
                                     "\": say which by label_column"));
    label_column = found - names.begin();
  }
  std::vector<float> inputs;
  std::vector<std::string> labels;
  while (cells.next_row(row)) {
    if (columns == 0) columns = row.size();
    if (row.size() != columns)
      cells.fail(detail::text("expected ", columns, " cells, got ", row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      const auto fail = [&](const char* wanted, const std::string& got) {
        cells.fail(detail::text("column ", names.empty() ? detail::text(i) : '"' + names[i] + '"',
                                ": expected ", wanted, ", got ", got));
      };
      const std::string_view cell = detail::trimmed(row[i]);
      if (static_cast<Index>(i) == label_column) {
        if (cell.empty()) fail("a label", "nothing");
        labels.emplace_back(cell);
        continue;
      }
      const auto number = detail::read_number(cell);
      if (cell.empty()) fail("a number", "nothing");
      if (!number) fail("a finite number", '"' + row[i] + '"');
      inputs.push_back(*number);
    }
  }
  if (label_column >= static_cast<Index>(columns))
    throw ConfigError(detail::text(path, ": label_column must be below the ", columns,
                                   " columns of the file, got ", label_column));
  const bool labelled = label_column >= 0;
  const auto features = static_cast<Index>(columns) - (labelled ? 1 : 0);
  if (features < 1 || inputs.empty())
    throw DataError(detail::text(path, ": expected samples of at least one number, got none"));
  if (labelled && !names.empty()) names.erase(names.begin() + label_column);
  Matrix<float> samples = Eigen::Map<const Matrix<float>>(
      inputs.data(), features, static_cast<Index>(inputs.size()) / features);
  if (!labelled) return {Dataset(std::move(samples)), std::move(names), {}};
  detail::ClassNames classes(options.classes);
  Labels numbers = classes.number(labels, path);
  const auto count = static_cast<Index>(options.classes.size());
  return {Dataset(std::move(samples), std::move(numbers), count), std::move(names),
          std::move(classes).names()};
}

/// Reads a table of numbers, a line a sample, as a data set:
///
///     const kd::CsvData iris = kd::load_csv("iris.csv", {.label = "species"});
///     kd::fit(network, iris.data, kd::CrossEntropy{}, kd::Adam{});
///
/// Cells are separated, quoted and escaped as RFC 4180 says; lines may end in either way. All
/// columns but the label's are inputs. The parser is kd's own: no well-kept one for C++ is in
/// Debian, and the format is a page. Throws `FormatError` with the byte, line and column of what is
/// no number or not of the table's form, `DataError` when there are no samples or a label is none
/// of `classes`, `ConfigError` when there is no such label column, `IoError` when the file cannot
/// be read.
inline CsvData load_csv(const std::string& path, const CsvOptions& options = {}) {
  const FileContent file(path);
  return parse_csv(file.bytes(), path, options);
}

}  // namespace kd
