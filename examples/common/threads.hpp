// SPDX-License-Identifier: MIT
#pragma once

#include "command_line.hpp"

namespace example {

/// Adds --threads, whose default is one for each core.
void add_threads_flag(CommandLine& line, int& threads);

}  // namespace example
