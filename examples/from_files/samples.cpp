// SPDX-License-Identifier: MIT
#include "samples.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <kd/io/csv.hpp>
#include <kd/io/npz.hpp>
#include <string_view>

namespace example {

namespace {

enum class Kind { npz, npy, csv };

Kind kind_of(const std::string& path) {
  std::string extension = std::filesystem::path(path).extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (extension == ".npz") return Kind::npz;
  if (extension == ".npy") return Kind::npy;
  if (extension == ".csv" || extension == ".tsv" || extension == ".txt") return Kind::csv;
  throw kd::ConfigError(path + ": expected a file that ends with .npz, .npy or .csv");
}

char separator_of(const FileFormat& format) {
  if (format.separator == "tab") return '\t';
  return format.separator == "semicolon" ? ';' : ',';
}

bool is_number(std::string_view cell) {
  const std::size_t first = cell.find_first_not_of(" \t\"+");
  if (first == std::string_view::npos) return false;
  const std::size_t last = cell.find_last_not_of(" \t\"\r");
  cell = cell.substr(first, last + 1 - first);
  double number = 0;
  const auto [stop, error] = std::from_chars(cell.data(), cell.data() + cell.size(), number);
  return error != std::errc::invalid_argument && stop == cell.data() + cell.size();
}

/// Whether the first line names the columns. A line that could be either is not guessed at: a
/// sample that is taken for names is lost without a word.
bool has_header(const std::string& path, const kd::FileContent& file, const FileFormat& format) {
  if (format.header != "auto") return format.header == "yes";
  std::string_view line(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  line = line.substr(0, line.find('\n'));
  std::size_t cells = 0;
  std::size_t numbers = 0;
  for (std::size_t from = 0; from <= line.size(); ++cells) {
    const std::size_t to = std::min(line.find(separator_of(format), from), line.size());
    if (is_number(line.substr(from, to - from))) ++numbers;
    from = to + 1;
  }
  if (numbers == 0) return true;
  throw kd::ConfigError(path + ": " + (numbers == cells ? "all " : "") + std::to_string(numbers) +
                        (numbers == 1 ? " cell" : " cells") +
                        " of the first line could be numbers of a sample: say --header no if they "
                        "are, --header yes if they are names");
}

kd::CsvData read_csv(const std::string& path, const FileFormat& format, bool labelled,
                     const std::vector<std::string>& classes) {
  const kd::FileContent file(path);
  kd::CsvOptions options{.separator = separator_of(format),
                         .header = has_header(path, file, format),
                         .classes = classes};
  if (labelled && options.header) options.label = *format.label_column;
  if (labelled && !options.header) {
    const std::string& number = *format.label_column;
    const char* const end = number.data() + number.size();
    const auto [stop, error] = std::from_chars(number.data(), end, options.label_column);
    if (error != std::errc{} || stop != end || options.label_column < 0)
      throw kd::ConfigError("--label-column: expected a number from 0, as " + path +
                            " has no header, got " + shown(number));
  }
  return kd::parse_csv(file.bytes(), path, options);
}

}  // namespace

void add_format_flags(CommandLine& line, FileFormat& format) {
  line.group("Files");
  line.add_list("--arrays", format.arrays, list("X[,Y]"),
                "Names of inputs and labels in .npz files;\nwithout it x, and y if it is there");
  line.add("--label-column", format.label_column, name_of("column", "NAME"),
           "Of .csv files; a number from 0 where there is\n"
           "no header. Without it all columns are inputs");
  line.add("--header", format.header, one_of({"auto", "yes", "no"}),
           "Whether the first line of .csv files has names;\n"
           "auto: it has, and numbers in it are refused");
  line.add("--separator", format.separator, one_of({"comma", "semicolon", "tab"}),
           "Between the cells of .csv files");
}

Samples read_samples(const std::string& path, const std::optional<std::string>& labels,
                     const FileFormat& format, const std::vector<std::string>& classes) {
  if (format.arrays.size() > 2)
    throw kd::ConfigError("--arrays: expected the names of inputs and labels, got " +
                          std::to_string(format.arrays.size()) + " names");
  const Kind kind = kind_of(path);
  if (kind == Kind::csv && labels && format.label_column)
    throw kd::ConfigError(path + ": expected labels from --label-column or from " + *labels +
                          ", got both");
  Samples samples;
  if (kind == Kind::csv) {
    const bool labelled = format.label_column.has_value();
    kd::CsvData table = read_csv(path, format, labelled, classes);
    samples = {table.data.inputs(), {}, std::move(table.features), {}};
    if (labelled) {
      samples.labels = kd::map(table.data.labels());
      samples.classes = std::move(table.classes);
    }
  } else if (kind == Kind::npy) {
    samples.inputs = kd::load_npy<float>(path);
  } else {
    const kd::Npz file(path);
    samples.inputs = file.load<float>(format.arrays.empty() ? "x" : format.arrays[0]);
    const std::vector<std::string> names = file.names();
    const bool has_y = std::find(names.begin(), names.end(), "y") != names.end();
    if (!labels && format.arrays.size() > 1)
      samples.labels = file.load_labels(format.arrays[1]);
    else if (!labels && format.arrays.empty() && has_y)
      samples.labels = file.load_labels("y");
  }
  if (labels) samples.labels = kd::load_npy_labels(*labels);
  if (samples.labels && samples.labels->size() != samples.inputs.cols())
    throw kd::ShapeError(labels.value_or(path) + ": expected a label for each of the " +
                         std::to_string(samples.inputs.cols()) + " samples of " + path + ", got " +
                         std::to_string(samples.labels->size()));
  return samples;
}

kd::Matrix<float> read_numbers(const std::string& path, const std::string& array,
                               const FileFormat& format) {
  switch (kind_of(path)) {
    case Kind::npz:
      return kd::Npz(path).load<float>(array);
    case Kind::npy:
      return kd::load_npy<float>(path);
    default:
      return read_csv(path, format, false, {}).data.inputs();
  }
}

void check_features(const std::string& path, const std::vector<std::string>& expected,
                    const std::vector<std::string>& got) {
  if (expected.empty() || got.empty() || expected == got) return;
  std::size_t i = 0;
  while (i < expected.size() && i < got.size() && expected[i] == got[i]) ++i;
  const auto name = [&](const std::vector<std::string>& names) {
    return i < names.size() ? shown(names[i]) : "no more";
  };
  throw kd::ShapeError(path + ": expected the columns that the network was trained with, got " +
                       name(got) + " in the place of " + name(expected) +
                       " (a column of labels is named by --label-column)");
}

}  // namespace example
