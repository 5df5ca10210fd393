// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "images.hpp"
#include "networks.hpp"
#include "outputs.hpp"
#include "recipe.hpp"
#include "results.hpp"

namespace mnist {

/// A teacher that was trained before, and where.
struct ReadyTeacher {
  kd::Network<example::Teacher> network;
  std::string file;
};

/// Reads a teacher, whatever its layers are called. Throws as `kd::load`, `kd::ShapeError` when it
/// is another network.
ReadyTeacher load_teacher(const std::string& file);

/// What a run does not take from its recipe.
struct RunOptions {
  std::uint64_t seed = 0;
  kd::Index seeds = 1;                         ///< of the students, from `seed` on
  std::optional<std::string> checkpoint = {};  ///< .1, .2 and so on follow it, one a network
  std::optional<int> bits = {};                ///< of the integers to train, if there are to be any
};

struct Trained {
  Results results;
  kd::Network<example::Student> student;  ///< the distilled one of the first seed
};

/// Trains the teacher, where there is none yet, the student alone and the student distilled, and
/// shows progress. The teacher is written to the output of --save-teacher as soon as it is trained.
///
/// Both students start from the same weights and see the same shuffles: they differ in what they
/// learn from, and in the recipe's figures. Those of further seeds have the same teacher. The last
/// to be trained is what the distilled one of the first seed becomes in integers.
/// Throws `example::Interrupted` where a signal ends it.
Trained run(const Recipe& recipe, const example::Images& images, const RunOptions& options,
            const std::optional<ReadyTeacher>& teacher, example::Outputs& outputs);

}  // namespace mnist
