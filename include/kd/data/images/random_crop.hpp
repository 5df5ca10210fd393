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
/// equally likely: the image moves by up to `padding`, as with `RandomShift`, and the border comes
/// in. Source: He et al., "Deep residual learning for image recognition", 2016, section 4.2.
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
    detail::move_at_random(image, options_.padding, options_.border, rng);
  }

 private:
  RandomCropOptions options_;
};

}  // namespace kd
