// SPDX-License-Identifier: MIT
#pragma once

#include <array>

#include "kd/core/named_options.hpp"
#include "kd/core/random.hpp"
#include "kd/data/images/augmented_image.hpp"

namespace kd {

struct RandomShiftOptions {
  Index pixels = 2;  ///< the most in each direction; zero or more
  static constexpr std::array names{"pixels"};
};

/// Moves an image by a whole number of pixels, down and to the right, each of them uniform in
/// `[-pixels, pixels]`; zeros come in at the edge.
/// Source: the jitter of Hinton, Vinyals, Dean, "Distilling the knowledge in a neural network",
/// 2015, section 3.
class RandomShift : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;
  static constexpr const char* name = "RandomShift";

  /// Throws `ConfigError` when `pixels` is negative.
  explicit RandomShift(RandomShiftOptions options = {}) : options_(options) {
    detail::check_pixels("RandomShift: pixels", options.pixels);
  }
  const RandomShiftOptions& options() const { return options_; }
  Index room(const Shape& shape) const { return shape.area(); }

  void apply(const AugmentedImage& image, Rng rng) const {
    detail::move_at_random(image, options_.pixels, Border::zero, rng);
  }

 private:
  RandomShiftOptions options_;
};

}  // namespace kd
