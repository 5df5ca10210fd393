// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "samples.hpp"
#include "stored_network.hpp"

namespace from_files {

/// What the command line says.
struct Options {
  std::optional<std::string> train, labels;
  std::optional<std::string> teacher_logits, teacher;
  std::string logits_array = "logits";
  std::optional<example::Sizes> student;
  std::optional<std::string> save, metrics, report, checkpoint;

  std::optional<std::string> validation, validation_labels;
  std::vector<std::string> validation_arrays;
  std::optional<double> validation_share;
  std::optional<kd::Index> patience;
  std::string keep = "best";

  example::FileFormat format;
  std::string standardize = "no";

  std::optional<double> temperature, hard_weight;
  kd::Index epochs = 30;
  kd::Index batch = 32;
  double lr = 1e-3;
  std::string schedule = "constant";
  std::uint64_t seed = 0;
  int threads = 1;
};

inline constexpr const char* description =
    "Trains a small network, the student, on samples from files: on what a large one, the\n"
    "teacher, says of them, on their labels, or on both. The student is saved as safetensors,\n"
    "which kd, PyTorch and the program predict read.";

void add_flags(example::CommandLine& line, Options& options);

/// Throws `kd::ConfigError` where a flag is missing or two do not go together, before any file is
/// read.
void check(const Options& options);

}  // namespace from_files
