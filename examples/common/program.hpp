// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "command_line.hpp"

namespace example {

/// The `main` of every program: reads the command line, calls `run`, and gives the exit status.
/// What went wrong is said in one line of standard error; that standard output did not take all
/// that was printed is one of these things.
int run_program(CommandLine& line, int argc, const char* const* argv,
                const std::function<void()>& run);

}  // namespace example
