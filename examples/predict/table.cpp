// SPDX-License-Identifier: MIT
#include "table.hpp"

#include <charconv>

namespace predict {

namespace {

/// A cell as RFC 4180 has it.
std::string cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

/// The name of a class; a file may have fewer names than its network has classes.
std::string name(const std::vector<std::string>& classes, kd::Index number,
                 const std::string& otherwise) {
  const auto i = static_cast<std::size_t>(number);
  return i < classes.size() ? cell(classes[i]) : otherwise;
}

}  // namespace

std::string table_of(const kd::Labels& labels, const std::vector<std::string>& classes) {
  std::string table = "label\n";
  for (const kd::Label label : labels) table += name(classes, label, std::to_string(label)) + '\n';
  return table;
}

std::string table_of(const kd::Matrix<float>& numbers, const std::vector<std::string>& classes) {
  std::string table;
  for (kd::Index c = 0; c < numbers.rows(); ++c)
    table += (c > 0 ? "," : "") + name(classes, c, "class " + std::to_string(c));
  table += '\n';
  for (const auto& sample : numbers.colwise()) {
    for (kd::Index c = 0; c < sample.size(); ++c) {
      char digits[32];
      const auto end = std::to_chars(digits, digits + sizeof digits, sample(c)).ptr;
      table += (c > 0 ? "," : "") + std::string(digits, end);
    }
    table += '\n';
  }
  return table;
}

}  // namespace predict
