// SPDX-License-Identifier: MIT
#pragma once

#include <kd/distill.hpp>
#include <optional>
#include <string>

#include "options.hpp"
#include "save_network.hpp"

namespace from_files {

/// What a student learns from: all that is in the files, of sizes that fit it and each other.
struct Lesson {
  kd::Dataset train;
  std::optional<kd::Matrix<float>> logits;  ///< the teacher's, (classes, training samples)
  std::optional<kd::Dataset> validation;
  bool teacher_validates = false;  ///< the labels of the validation set are the teacher's classes
  std::optional<double> teacher_accuracy;  ///< in the samples of --train, where they have labels
  example::NetworkNames names;
};

/// Reads the files. Throws what kd's readers throw; `kd::ConfigError`, `kd::ShapeError` or
/// `kd::DataError` where they do not fit the student or each other.
Lesson load_lesson(const Options& options);

}  // namespace from_files
