// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <initializer_list>
#include <kd/files/output_file.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
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
  void check_apart_from(const std::optional<std::string>& input, const std::string& what) const;

  /// A text, or what writes to the path that it is given.
  using Content = std::variant<std::string, std::function<void(const std::string& path)>>;

  /// Writes each content to the file of its flag, where there is one: all that can be written, even
  /// if another fails. Then throws the first `kd::IoError`.
  void write(std::initializer_list<std::pair<std::string_view, Content>> contents);

 private:
  struct Output {
    std::string flag;
    std::string path;
    kd::OutputFile file;
  };

  std::vector<Output> outputs_;
};

/// Throws `kd::IoError` when something that was printed did not arrive.
void check_standard_output();

}  // namespace example
