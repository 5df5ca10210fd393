// SPDX-License-Identifier: MIT
#include "checkpoint.hpp"

#include <chrono>
#include <filesystem>

namespace example {

void add_checkpoint_flag(CommandLine& line, std::optional<std::string>& file,
                         const std::string& more) {
  line.add("--checkpoint", file, name_of("file", "FILE"),
           "Written every half a minute and by Ctrl-C; the\n"
           "same command goes on from it" +
               more);
}

kd::CheckpointOptions checkpoint_of(const std::optional<std::string>& file) {
  return {.file = file.value_or(""), .every = std::chrono::seconds(30)};
}

std::string going_on_from(const kd::CheckpointOptions& checkpoint) {
  if (checkpoint.file.empty() || !std::filesystem::exists(checkpoint.file)) return "";
  return "Goes on from " + checkpoint.file + '\n';
}

}  // namespace example
