// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <limits>

#include "kd/core/error.hpp"
#include "kd/nn/activation.hpp"

namespace kd {

/// The rectifier that lets through a share of what is negative: `y = x`, `dx = dy` where `x > 0`,
/// else both times `negative_slope`.
///
/// As PyTorch's `nn.LeakyReLU`. Source: Maas, Hannun and Ng, "Rectifier nonlinearities improve
/// neural network acoustic models", 2013.
class LeakyReLU : public NoParameters {
 public:
  static constexpr const char* name = "LeakyReLU";
  static constexpr bool elementwise = true;

  /// Throws `ConfigError` unless the slope is finite, in float too.
  explicit LeakyReLU(double negative_slope = 0.01) : negative_slope_(negative_slope) {
    constexpr double most = std::numeric_limits<float>::max();
    if (!detail::is_finite(negative_slope) || std::abs(negative_slope) > most)
      throw ConfigError(
          detail::text("LeakyReLU: negative_slope must be finite in float, got ", negative_slope));
  }

  double negative_slope() const { return negative_slope_; }
  Index cache_size(Index) const { return 0; }

  template <Real S, class Space>
  void forward(const LayerForward<S, Space>& f) const {
    op_activation_forward(f.space, function<S>(), f.x.flat(), f.y.flat());
  }

  template <Real S, class Space>
  void backward(const LayerBackward<S, Space>& b) const {
    if (b.dx.empty()) return;
    op_activation_backward(b.space, function<S>(), b.x.flat(), b.y.flat(), b.dy.flat(), b.dx.flat(),
                           b.write_dx);
  }

 private:
  template <Real S>
  activation::LeakyReLU<S> function() const {
    return {static_cast<S>(negative_slope_)};
  }

  double negative_slope_;
};

static_assert(Layer<LeakyReLU>);

}  // namespace kd
