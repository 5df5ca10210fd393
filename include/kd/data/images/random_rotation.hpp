// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "kd/core/named_options.hpp"
#include "kd/core/random.hpp"
#include "kd/data/images/augmented_image.hpp"

namespace kd {

struct RandomRotationOptions {
  double degrees = 10;  ///< the most to either side; from 0 to 180
  static constexpr std::array names{"degrees"};
};

/// Rotates an image about its centre by an angle that is uniform in `(-degrees, degrees)`, positive
/// counter-clockwise: bilinear interpolation, zeros from beyond the edge.
///
/// `out[y, x] = in(cy + cos(a) dy + sin(a) dx, cx + cos(a) dx - sin(a) dy)`, where (cy, cx) is the
/// centre, `dy = y - cy`, `dx = x - cx` and a the angle.
class RandomRotation : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;
  static constexpr const char* name = "RandomRotation";

  /// Throws `ConfigError` unless `degrees` is in `[0, 180]`.
  explicit RandomRotation(RandomRotationOptions options = {}) : options_(options) {
    if (!(options.degrees >= 0 && options.degrees <= 180))
      throw ConfigError(
          detail::text("RandomRotation: degrees must be from 0 to 180, got ", options.degrees));
  }
  const RandomRotationOptions& options() const { return options_; }
  Index room(const Shape& shape) const { return shape.area(); }

  void apply(const AugmentedImage& image, Rng rng) const {
    const double angle = rng.symmetric(options_.degrees) * std::numbers::pi / 180;
    rotate(image, static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle)));
  }

 private:
  static void rotate(const AugmentedImage& image, float cosine, float sine) {
    const auto [channels, height, width] = image.shape;
    const float centre_y = static_cast<float>(height - 1) / 2;
    const float centre_x = static_cast<float>(width - 1) / 2;
    for (Index c = 0; c < channels; ++c) {
      float* const plane = image.plane(c);
      std::copy(plane, plane + image.shape.area(), image.room);
      for (Index y = 0; y < height; ++y) {
        const float dy = static_cast<float>(y) - centre_y;
        for (Index x = 0; x < width; ++x) {
          const float dx = static_cast<float>(x) - centre_x;
          plane[y * width + x] =
              detail::between_elements(image.room, image.shape, centre_y + cosine * dy + sine * dx,
                                       centre_x + cosine * dx - sine * dy);
        }
      }
    }
  }

  RandomRotationOptions options_;
};

}  // namespace kd
