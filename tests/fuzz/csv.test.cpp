// SPDX-License-Identifier: MIT
#include "kd/io/csv.hpp"

#include "fuzz/target.hpp"

using namespace kd;

namespace {

std::string quoted(const std::string& cell) {
  std::string all = "\"";
  for (const char c : cell) all += c == '"' ? std::string("\"\"") : std::string(1, c);
  return all + '"';
}

/// The table that was read, as text with the label last.
std::string write(const CsvData& table, bool header) {
  std::string all;
  for (const std::string& name : table.features) all += quoted(name) + ',';
  if (header) all += "the label\n";
  const Matrix<float> inputs = table.data.inputs();
  for (Index j = 0; j < inputs.cols(); ++j) {
    for (Index i = 0; i < inputs.rows(); ++i) all += detail::text(inputs(i, j), ',');
    const Label label = table.data.has_labels() ? table.data.labels().data[j] : 0;
    all += table.classes.empty() ? detail::text(label)
                                 : quoted(table.classes[static_cast<std::size_t>(label)]);
    all += '\n';
  }
  return all;
}

void check(std::span<const std::byte> bytes, const CsvOptions& options) {
  const CsvData table = parse_csv(bytes, fuzz::file, options);
  const bool header = !table.features.empty();
  fuzz::expect(!header || static_cast<Index>(table.features.size()) == table.data.features(),
               "there are not as many names as inputs");
  const std::string written = write(table, header);
  const CsvData again = fuzz::read_again([&] {
    return parse_csv(
        std::as_bytes(std::span(written)), fuzz::file,
        {.header = header, .label_column = table.data.features(), .classes = table.classes});
  });
  fuzz::expect(again.features == table.features && again.classes == table.classes,
               "a table that is written and read has other names");
  fuzz::expect(again.data.features() == table.data.features() &&
                   again.data.size() == table.data.size() &&
                   again.data.inputs() == table.data.inputs(),
               "a table that is written and read has other numbers");
  if (table.data.has_labels())
    fuzz::expect(map(again.data.labels()) == map(table.data.labels()) &&
                     again.data.classes() == table.data.classes(),
                 "a table that is written and read has other labels");
}

void check_unless_refused(std::span<const std::byte> bytes, const CsvOptions& options) {
  fuzz::reads([&] { check(bytes, options); });
}

}  // namespace

KD_FUZZ_TARGET(csv) {
  check_unless_refused(bytes, {});
  check_unless_refused(bytes, {.separator = ';', .header = false});
  check_unless_refused(bytes, {.label = "y"});
  check(bytes, {.label_column = 1});
}
