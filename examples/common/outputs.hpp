// SPDX-License-Identifier: MIT
#pragma once

#include <initializer_list>
#include <kd/files/output_file.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace example {

/// The files that a program writes its results to at the end, each by a flag.
class Outputs {
 public:
  /// Does nothing where the flag was not given. Throws `kd::IoError` when the file cannot be
  /// written, `kd::ConfigError` when another flag or standard output already goes there.
  void add(const std::string& flag, const std::optional<std::string>& path);

  /// Throws `kd::ConfigError` when one of them is among `inputs`, which are read for `what`.
  void check_apart_from(const std::set<std::string>& inputs, const std::string& what) const;

  /// Writes each text to the file of its flag, where there is one: all that can be written, even if
  /// another fails. Then throws the first `kd::IoError`.
  void write(std::initializer_list<std::pair<std::string_view, std::string>> texts);

 private:
  std::vector<std::pair<std::string, kd::OutputFile>> files_;
};

/// Throws `kd::IoError` when something that was printed did not arrive.
void check_standard_output();

}  // namespace example
