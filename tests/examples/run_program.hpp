// SPDX-License-Identifier: MIT
#pragma once

#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace kd::test {

using Json = nlohmann::ordered_json;

/// How a program ended and what it printed.
struct Run {
  int exit_code;
  std::string out;
  std::string err;
};

/// Runs a line of the shell.
inline Run run_shell(const std::string& command) {
  const TemporaryFolder folder;
  const std::string all =
      "{ " + command + "; } > " + folder.path("out") + " 2> " + folder.path("err");
  const int status = std::system(all.c_str());
  REQUIRE(WIFEXITED(status));
  return {WEXITSTATUS(status), folder.read("out"), folder.read("err")};
}

inline Run run_program(const std::string& program, const std::string& arguments) {
  return run_shell('"' + program + "\" " + arguments);
}

/// What the program writes by --json.
inline Json results_of(const std::string& program, const std::string& arguments) {
  const TemporaryFolder folder;
  const Run run = run_program(program, arguments + " --json " + folder.path("results.json"));
  INFO(run.err);
  REQUIRE(run.exit_code == 0);
  return Json::parse(folder.read("results.json"));
}

inline bool is_one_line(const std::string& text) {
  return std::count(text.begin(), text.end(), '\n') == 1 && text.back() == '\n';
}

}  // namespace kd::test
