// SPDX-License-Identifier: MIT
#include "outputs.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <iostream>
#include <kd/core/error.hpp>
#include <system_error>

namespace example {

namespace {

[[noreturn]] void refuse_shared(const std::string& flag, const std::string& path,
                                const std::string& what) {
  throw kd::ConfigError(flag + ": expected a file of its own, got " + path + ", which is " + what);
}

}  // namespace

void Outputs::add(const std::string& flag, const std::optional<std::string>& path) {
  if (!path) return;
  kd::OutputFile file(*path);
  for (const Output& other : outputs_)
    if (file.same_file(other.file)) refuse_shared(flag, *path, "that of " + other.flag);
  if (file.same_file(STDOUT_FILENO)) refuse_shared(flag, *path, "that of standard output");
  if (file.same_file(STDERR_FILENO)) refuse_shared(flag, *path, "that of standard error");
  outputs_.push_back({flag, *path, std::move(file)});
}

void Outputs::check_apart_from(const std::set<std::string>& inputs, const std::string& what) const {
  for (const std::string& input : inputs) {
    const int open_input = ::open(input.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (open_input < 0) continue;  // it is gone: nothing of it is lost
    const auto same = std::find_if(outputs_.begin(), outputs_.end(), [&](const Output& output) {
      return output.file.same_file(open_input);
    });
    ::close(open_input);
    if (same != outputs_.end()) refuse_shared(same->flag, input, "read for " + what);
  }
}

void Outputs::check_apart_from(const std::optional<std::string>& input,
                               const std::string& what) const {
  if (input) check_apart_from(std::set{*input}, what);
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
