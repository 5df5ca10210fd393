// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <kd/distill.hpp>
#include <optional>
#include <string>
#include <vector>

#include "images.hpp"
#include "integers.hpp"

namespace example {

/// What a page tells of a network.
struct PageNetwork {
  std::vector<double> errors;     ///< on the test images, one a seed
  kd::FitReport training = {};    ///< of the first seed; empty: it was trained elsewhere
  kd::Evaluation test = {};       ///< likewise
  kd::Matrix<float> logits = {};  ///< of the test images, (classes, images)
};

/// How a student does alone and distilled, as a page for people to look at.
struct StudentPage {
  std::string title;
  std::string introduction;
  const Images& images;
  double temperature;
  std::vector<std::uint64_t> seeds;
  PageNetwork teacher;
  PageNetwork alone;
  PageNetwork distilled;
  const std::optional<Integers>& integers;

  std::string html() const;
};

}  // namespace example
