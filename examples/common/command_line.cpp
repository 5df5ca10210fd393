// SPDX-License-Identifier: MIT
#include "command_line.hpp"

#include <CLI/CLI.hpp>
#include <kd/core/error.hpp>

#include "text.hpp"

namespace example {

namespace {

constexpr int most_values = 1000;  // behind one flag that takes several
constexpr const char* help_tells_more = " (--help tells more)";
constexpr const char* exit_status =
    "\n\nExit status: 0 done, 1 data or output could not be read or written, or training broke\n"
    "off, 2 wrong flags, 130 stopped by Ctrl-C, 143 by SIGTERM.";

}  // namespace

CommandLine::CommandLine(const std::string& program, const std::string& description)
    : program_(program), app_(std::make_unique<CLI::App>(description, program)) {
  app_->allow_extras();  // to say in one's own words that there is no such flag
  app_->get_formatter()->column_width(30);
  footer("");
}

CommandLine::~CommandLine() = default;

void CommandLine::footer(const std::string& text) { app_->footer(text + exit_status); }

void CommandLine::add(const Flag& flag, const Set& set) {
  const auto callback = [flag, set](const std::vector<std::string>& texts) {
    if (texts.size() > 1 && !flag.many)
      throw kd::ConfigError(flag.name + ": expected once, got " + std::to_string(texts.size()) +
                            " times");
    for (const std::string& text : texts) set(text);
    return true;
  };
  CLI::Option* const option =
      app_->add_option(flag.name, callback, flag.help, !flag.default_text.empty(),
                       [flag] { return flag.default_text; });
  option->type_name(flag.placeholder)->take_all();
  if (flag.many) option->expected(1, most_values);
  if (!group_.empty()) option->group(group_);
  setters_.emplace_back(flag.name, set);
}

void CommandLine::add_list(const std::string& flag, std::vector<std::string>& value,
                           const Expected<std::vector<std::string>>& expected,
                           const std::string& help) {
  add({flag, expected.placeholder, help, "", true}, [flag, &value, expected](const auto& text) {
    const std::optional<std::vector<std::string>> more = expected.read(text);
    if (!more) refuse(flag, expected.words, text);
    value.insert(value.end(), more->begin(), more->end());
  });
}

void CommandLine::add_switch(const std::string& flag, bool& value, const std::string& help) {
  CLI::Option* const option = app_->add_flag_callback(
      flag, [&value] { value = true; }, help);
  if (!group_.empty()) option->group(group_);
}

void CommandLine::refuse(const std::string& flag, const std::string& expected,
                         const std::string& got) {
  throw kd::ConfigError(flag + ": expected " + expected + ", got " + shown(got));
}

std::string CommandLine::text_of(double value) { return general(value); }

bool CommandLine::parse(int argc, const char* const* argv) {
  // Where a value is missing, CLI11 would take the next flag for it.
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    for (const auto& [flag, set] : setters_)
      if (argument == flag + "=" || (argument == flag && i == argc - 1)) set("");
  }
  try {
    app_->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0)
      throw kd::ConfigError(error.what() + std::string(help_tells_more));
    app_->exit(error);  // prints the help
    return false;
  }
  for (const std::string& extra : app_->remaining()) {
    if (extra == "--") continue;  // ends the flags
    const bool flag = extra.rfind('-', 0) == 0;
    throw kd::ConfigError((flag ? "there is no flag " : "expected a flag, got ") + shown(extra) +
                          help_tells_more);
  }
  return true;
}

}  // namespace example
