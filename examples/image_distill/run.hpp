// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "image_networks.hpp"
#include "images.hpp"
#include "outputs.hpp"
#include "recipe.hpp"
#include "results.hpp"

namespace image {

using example::images::Student;
using example::images::Teacher;

/// A teacher that was trained before, and where.
struct ReadyTeacher {
  kd::Network<Teacher> network;
  std::string file;
};

/// Throws as `kd::load`.
ReadyTeacher load_teacher(const std::string& file);

/// What a run does not take from its recipe.
struct RunOptions {
  std::uint64_t seed = 0;
  std::optional<std::string> checkpoint = {};  ///< .1, .2, ... follow it, one for each network
  std::optional<int> bits = {};                ///< of the integers to train, if there are to be any
};

struct Trained {
  Results results;
  kd::Network<Student> student;  ///< the distilled one of the first seed
};

/// Trains the teacher, where there is none yet, on images that are changed at random; it is written
/// to the output of --save-teacher as soon as it is trained. Then it looks once at every image as
/// it is, and for each seed the student is trained alone and distilled: from the same weights, with
/// the same shuffles and figures. The last to be trained is what the distilled one of the first
/// seed becomes in integers. Throws `example::Interrupted` where a signal ends it.
Trained run(const Recipe& recipe, const example::Images& images, const RunOptions& options,
            const std::optional<ReadyTeacher>& teacher, example::Outputs& outputs);

}  // namespace image
