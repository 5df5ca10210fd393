// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>

#include "kd/core/named_options.hpp"
#include "kd/core/random.hpp"
#include "kd/data/images/augmented_image.hpp"

namespace kd {

struct RandomMirrorOptions {
  double probability = 0.5;  ///< in [0, 1]
  static constexpr std::array names{"probability"};
};

/// Mirrors an image, left to right, with a probability. Not for digits and letters.
class RandomMirror : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;
  static constexpr const char* name = "RandomMirror";

  /// Throws `ConfigError` unless `probability` is in `[0, 1]`.
  explicit RandomMirror(RandomMirrorOptions options = {}) : options_(options) {
    const double p = options.probability;
    if (!(p >= 0 && p <= 1))
      throw ConfigError(detail::text("RandomMirror: probability must be from 0 to 1, got ", p));
  }
  const RandomMirrorOptions& options() const { return options_; }

  void apply(const AugmentedImage& image, Rng rng) const {
    if (static_cast<double>(rng.uniform()) >= options_.probability) return;
    const Index width = image.shape.width;
    const Index rows = image.shape.channels * image.shape.height;
    for (Index row = 0; row < rows; ++row)
      std::reverse(image.data + row * width, image.data + (row + 1) * width);
  }

 private:
  RandomMirrorOptions options_;
};

}  // namespace kd
