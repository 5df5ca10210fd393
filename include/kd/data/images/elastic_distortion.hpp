// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include "kd/core/named_options.hpp"
#include "kd/core/random.hpp"
#include "kd/data/images/augmented_image.hpp"

namespace kd {

struct ElasticDistortionOptions {
  double strength = 34;  ///< pixels by which the smoothed field is multiplied; zero or more
  double sigma = 4;      ///< standard deviation of the smoothing, in pixels; above 0, at most 64
  static constexpr std::array names{"strength", "sigma"};
};

/// Moves every pixel by a field of displacements that is random and smooth, as handwriting
/// trembles: `out[y, x] = in(y + v[y, x], x + u[y, x])`, where `u` and `v` are `strength` times
/// noise uniform in (-1, 1), smoothed by a Gaussian of `sigma`. Bilinear interpolation; zeros lie
/// beyond the edge, for the noise as well.
///
/// Source: Simard, Steinkraus, Platt, "Best practices for convolutional neural networks applied to
/// visual document analysis", 2003; strength and sigma are theirs, for digits of 29 x 29.
class ElasticDistortion : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;
  static constexpr const char* name = "ElasticDistortion";

  /// Throws `ConfigError` when an option is out of its range.
  explicit ElasticDistortion(ElasticDistortionOptions options = {}) : options_(options) {
    detail::check_not_negative("ElasticDistortion: strength", options.strength);
    if (!(options.sigma > 0 && options.sigma <= 64))
      throw ConfigError(detail::text(
          "ElasticDistortion: sigma must be above 0 and at most 64, got ", options.sigma));
    radius_ = static_cast<Index>(std::ceil(4 * options.sigma));
    double sum = 1;
    kernel_[0] = 1;
    for (Index i = 1; i <= radius_; ++i) {
      const double distance = static_cast<double>(i) / options.sigma;
      const double weight = std::exp(-distance * distance / 2);
      kernel_[static_cast<std::size_t>(i)] = static_cast<float>(weight);
      sum += 2 * weight;
    }
    for (float& weight : kernel_) weight /= static_cast<float>(sum);
  }
  const ElasticDistortionOptions& options() const { return options_; }
  Index room(const Shape& shape) const { return 3 * shape.area(); }

  void apply(const AugmentedImage& image, Rng rng) const {
    const auto [channels, height, width] = image.shape;
    const Index area = image.shape.area();
    float* const rows = image.room;            // v
    float* const columns = image.room + area;  // u
    float* const spare = image.room + 2 * area;
    make_field(rows, spare, image.shape, rng);
    make_field(columns, spare, image.shape, rng);
    for (Index c = 0; c < channels; ++c) {
      float* const plane = image.plane(c);
      std::copy(plane, plane + area, spare);
      for (Index y = 0; y < height; ++y)
        for (Index x = 0; x < width; ++x) {
          const Index at = y * width + x;
          plane[at] = detail::between_elements(spare, image.shape, static_cast<float>(y) + rows[at],
                                               static_cast<float>(x) + columns[at]);
        }
    }
  }

 private:
  /// One component of the displacements, in pixels.
  void make_field(float* field, float* spare, const Shape& shape, Rng& rng) const {
    const auto strength = static_cast<float>(options_.strength);
    for (Index i = 0; i < shape.area(); ++i) field[i] = rng.symmetric(strength);
    smooth(field, spare, shape.height, shape.width, shape.width, 1);
    smooth(spare, field, shape.width, shape.height, 1, shape.width);
  }

  /// Smooths `lines` lines of `size` elements, which lie `step` apart, as the lines `line_step`.
  void smooth(const float* from, float* to, Index lines, Index size, Index line_step,
              Index step) const {
    for (Index line = 0; line < lines; ++line) {
      const float* const in = from + line * line_step;
      float* const out = to + line * line_step;
      for (Index i = 0; i < size; ++i) {
        float sum = 0;
        const Index last = std::min(size - 1, i + radius_);
        for (Index k = std::max<Index>(0, i - radius_); k <= last; ++k)
          sum += kernel_[static_cast<std::size_t>(k < i ? i - k : k - i)] * in[k * step];
        out[i * step] = sum;
      }
    }
  }

  ElasticDistortionOptions options_;
  Index radius_ = 0;
  std::array<float, 257> kernel_{};  // one half of it, from the middle on: 4 sigma
};

}  // namespace kd
