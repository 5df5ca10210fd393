// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <kd/distill.hpp>
#include <optional>
#include <string>

#include "images.hpp"
#include "recipe.hpp"
#include "results.hpp"
#include "training.hpp"

namespace hinton {

/// 1200-1200 with dropout on both.
using Teacher = kd::Sequential<kd::Linear<784, 1200>, kd::Dropout, kd::ReLU, kd::Linear<1200, 1200>,
                               kd::Dropout, kd::ReLU, kd::Linear<1200, 10>>;

/// Two hidden layers of as many units as run time says.
using Student = kd::Sequential<kd::Linear<784, kd::dynamic>, kd::ReLU, kd::Linear<>, kd::ReLU,
                               kd::Linear<kd::dynamic, 10>>;

/// Trains the networks of one seed: each has a name, a line of progress and a checkpoint.
class Trainer {
 public:
  /// `folder` is where checkpoints are kept; none: nowhere.
  Trainer(const Recipe& recipe, const example::Images& images, std::uint64_t seed,
          std::optional<std::string> folder);

  const example::Images& images() const { return images_; }
  const Recipe& recipe() const { return recipe_; }
  std::uint64_t seed() const { return seed_; }

  /// What `fit(options)` makes of `network`, which is tested after every epoch. Throws
  /// `example::Interrupted` where a signal ends it.
  template <class Network>
  Outcome train(const std::string& name, const Network& network, kd::Index epochs,
                const kd::Augment& augment, const example::Fit& fit) const {
    Outcome outcome;
    outcome.training = run(name, epochs, augment, fit);
    outcome.parameters = network.num_params();
    outcome.test = kd::evaluate(network, images_.test);
    outcome.logits = kd::CachedTeacher(network, images_.test).kept();
    return outcome;
  }

 private:
  kd::FitReport run(const std::string& name, kd::Index epochs, const kd::Augment& augment,
                    const example::Fit& fit) const;

  const Recipe& recipe_;
  const example::Images& images_;
  std::uint64_t seed_;
  std::optional<std::string> folder_;
};

}  // namespace hinton
