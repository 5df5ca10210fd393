// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>

#include "kd/core/named_options.hpp"
#include "kd/core/random.hpp"
#include "kd/data/images/augmented_image.hpp"

namespace kd {

struct CutoutOptions {
  Index size = 8;  ///< rows and columns of the square, in pixels; zero or more
  static constexpr std::array names{"size"};
};

/// Sets a square of an image to zero in all channels. Its centre is any pixel, all equally likely,
/// so that a part of the square may lie outside.
/// Source: DeVries, Taylor, "Improved regularization of convolutional neural networks with cutout",
/// 2017.
class Cutout : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;
  static constexpr const char* name = "Cutout";

  /// Throws `ConfigError` when `size` is negative.
  explicit Cutout(CutoutOptions options = {}) : options_(options) {
    detail::check_pixels("Cutout: size", options.size);
  }
  const CutoutOptions& options() const { return options_; }

  void apply(const AugmentedImage& image, Rng rng) const {
    const auto [channels, height, width] = image.shape;
    const Index top = rng.below(height) - options_.size / 2;
    const Index left = rng.below(width) - options_.size / 2;
    const Index first_row = std::max<Index>(0, top);
    const Index last_row = std::min(height, top + options_.size);
    const Index first = std::max<Index>(0, left);
    const Index last = std::min(width, left + options_.size);
    if (first >= last) return;
    for (Index c = 0; c < channels; ++c)
      for (Index y = first_row; y < last_row; ++y)
        std::fill(image.plane(c) + y * width + first, image.plane(c) + y * width + last, 0.0F);
  }

 private:
  CutoutOptions options_;
};

}  // namespace kd
