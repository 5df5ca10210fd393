// SPDX-License-Identifier: MIT
#pragma once

#include <array>

#include "kd/core/named_options.hpp"
#include "kd/core/random.hpp"
#include "kd/data/images/augmented_image.hpp"

namespace kd {

struct RandomCropOptions {
  Index padding = 4;             ///< pixels on each side; zero or more
  Border border = Border::zero;  ///< what they are
  static constexpr std::array names{"padding", "border"};
};

/// Pads an image on each side and cuts one of its size out of that, at a place where all are
/// equally likely.
/// Source: He et al., "Deep residual learning for image recognition", 2016, section 4.2.
class RandomCrop : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;
  static constexpr const char* name = "RandomCrop";

  /// Throws `ConfigError` when `padding` is negative.
  explicit RandomCrop(RandomCropOptions options = {}) : options_(options) {
    detail::check_pixels("RandomCrop: padding", options.padding);
  }
  const RandomCropOptions& options() const { return options_; }
  Index room(const Shape& shape) const { return shape.area(); }

  void apply(const AugmentedImage& image, Rng rng) const {
    const Index top = rng.below(2 * options_.padding + 1);
    const Index left = rng.below(2 * options_.padding + 1);
    detail::move_image(image, options_.padding - top, options_.padding - left, options_.border);
  }

 private:
  RandomCropOptions options_;
};

}  // namespace kd
