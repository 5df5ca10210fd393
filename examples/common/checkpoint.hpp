// SPDX-License-Identifier: MIT
#pragma once

#include <kd/train/checkpoint_options.hpp>
#include <optional>
#include <string>

#include "command_line.hpp"

namespace example {

/// Adds --checkpoint; `more` ends its help.
void add_checkpoint_flag(CommandLine& line, std::optional<std::string>& file,
                         const std::string& more = "");

/// What a training is told: written often enough that what a power cut costs is soon made up for.
kd::CheckpointOptions checkpoint_of(const std::optional<std::string>& file);

/// "Goes on from FILE", and the end of a line, where such a training has left the file; else
/// nothing.
std::string going_on_from(const kd::CheckpointOptions& checkpoint);

}  // namespace example
