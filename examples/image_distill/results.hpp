// SPDX-License-Identifier: MIT
#pragma once

#include <kd/distill.hpp>
#include <optional>
#include <string>
#include <vector>

#include "integers.hpp"
#include "spread.hpp"

namespace image {

/// One trained network.
struct Outcome {
  kd::FitReport training;
  kd::Evaluation test;
  kd::Matrix<float> logits;  ///< of the test images, (classes, images)
};

/// One kind of network, trained from several seeds.
struct NetworkResult {
  kd::Index parameters = 0;
  std::optional<std::string> file = {};  ///< where it comes from, if it was not trained here
  std::vector<Outcome> seeds = {};

  example::Spread errors() const;               ///< on the test images
  std::optional<double> epoch_seconds() const;  ///< of training, on average
};

struct Results {
  NetworkResult teacher = {};
  NetworkResult alone = {};
  NetworkResult distilled = {};
  std::optional<example::Integers> integers = {};  ///< that it was trained to, for the first seed
};

}  // namespace image
