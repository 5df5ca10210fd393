// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "values.hpp"

namespace CLI {
class App;
}

namespace example {

/// The flags of a program: each has a value, and says in its own words what was wrong with it.
class CommandLine {
 public:
  CommandLine(const std::string& program, const std::string& description);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  const std::string& program() const { return program_; }

  /// The heading, in the help, of the flags that are added from now on.
  void group(const std::string& heading) { group_ = heading; }

  /// What the help ends with, before the exit status.
  void footer(const std::string& text);

  /// A flag for `value`, whose default the help shows.
  template <class T, class Read>
  requires std::convertible_to<Read, T>
  void add(const std::string& flag, T& value, const Expected<Read>& expected,
           const std::string& help) {
    add({flag, expected.placeholder, help, text_of(value), false}, setter(flag, value, expected));
  }

  /// A flag without a default.
  template <class T, class Read>
  void add(const std::string& flag, std::optional<T>& value, const Expected<Read>& expected,
           const std::string& help) {
    add({flag, expected.placeholder, help, "", false}, setter(flag, value, expected));
  }

  /// A flag that may come more often, or with more values, and collects what they list.
  void add_list(const std::string& flag, std::vector<std::string>& value,
                const Expected<std::vector<std::string>>& expected, const std::string& help);

  /// A flag without a value, which says that something is so.
  void add_switch(const std::string& flag, bool& value, const std::string& help);

  /// Reads the arguments. False: help was asked for and printed. Throws `kd::ConfigError`.
  bool parse(int argc, const char* const* argv);

 private:
  using Set = std::function<void(const std::string& text)>;
  struct Flag {
    std::string name;
    std::string placeholder;
    std::string help;
    std::string default_text;
    bool many;
  };

  void add(const Flag& flag, const Set& set);
  [[noreturn]] static void refuse(const std::string& flag, const std::string& expected,
                                  const std::string& got);
  static std::string text_of(const std::string& value) { return value; }
  static std::string text_of(double value);
  static std::string text_of(std::integral auto value) { return std::to_string(value); }

  template <class T, class Read>
  static Set setter(const std::string& flag, T& value, const Expected<Read>& expected) {
    return [flag, &value, expected](const std::string& text) {
      const std::optional<Read> read = expected.read(text);
      if (!read) refuse(flag, expected.words, text);
      if constexpr (requires {
                      typename T::value_type;
                      value.has_value();
                    }) {
        value = static_cast<typename T::value_type>(*read);
      } else {
        value = static_cast<T>(*read);
      }
    };
  }

  std::string program_;
  std::string group_;
  std::unique_ptr<CLI::App> app_;
  std::vector<std::pair<std::string, Set>> setters_;  ///< of each flag
};

}  // namespace example
