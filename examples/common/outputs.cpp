// SPDX-License-Identifier: MIT
#include "outputs.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <iostream>
#include <kd/core/error.hpp>
#include <system_error>

namespace example {

void Outputs::add(const std::string& flag, const std::optional<std::string>& path) {
  if (!path) return;
  kd::OutputFile file(*path);
  const auto refuse_shared = [&](const std::string& with) {
    throw kd::ConfigError(flag + ": expected a file of its own, got " + *path +
                          ", which is that of " + with);
  };
  for (const Output& other : outputs_)
    if (file.same_file(other.file)) refuse_shared(other.flag);
  if (file.same_file(STDOUT_FILENO)) refuse_shared("standard output");
  if (file.same_file(STDERR_FILENO)) refuse_shared("standard error");
  outputs_.push_back({flag, *path, std::move(file)});
}

void Outputs::write(std::initializer_list<std::pair<std::string_view, Content>> contents) {
  std::exception_ptr first;
  for (const auto& [flag, content] : contents) {
    for (Output& output : outputs_) {
      if (output.flag != flag) continue;
      try {
        if (const auto* const text = std::get_if<std::string>(&content))
          output.file.write(*text);
        else
          std::get<1>(content)(output.path);
      } catch (const kd::IoError&) {
        if (!first) first = std::current_exception();
      }
    }
  }
  if (first) std::rethrow_exception(first);
}

void check_standard_output() {
  errno = 0;
  if (std::cout.flush().good() && std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return;
  // If what failed did so earlier, the same failure now tells the reason.
  int error = errno;
  if (error == 0 && ::write(STDOUT_FILENO, "\n", 1) < 0) error = errno;
  std::string what = "cannot be written";
  if (error != 0) what += ": " + std::generic_category().message(error);
  throw kd::IoError("standard output", what);
}

}  // namespace example
