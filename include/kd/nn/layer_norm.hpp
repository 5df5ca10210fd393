// SPDX-License-Identifier: MIT
#pragma once

#include <array>

#include "kd/core/error.hpp"
#include "kd/cpu/ops/layer_norm.hpp"
#include "kd/nn/layer.hpp"

namespace kd {

struct LayerNormOptions {
  double eps = 1e-5;  ///< added to the variance, positive
  static constexpr std::array names{"eps"};
};

/// Layer normalisation: `y = (x - mean) / sqrt(variance + eps) weight + bias`, mean and variance
/// (its sum divided by the number of features) over all features of each sample.
///
/// x, y: (Features, batch). Parameters: `weight` (Features), at first 1, then `bias` (Features), at
/// first 0, as in PyTorch's `nn.LayerNorm(Features)`. A size that only run time knows:
/// `LayerNorm<dynamic>`. Source: Ba, Kiros and Hinton, "Layer normalization", 2016.
template <Index Features = dynamic>
class LayerNorm {
  static_assert(Features == dynamic || Features > 0, "a LayerNorm takes at least one feature");

 public:
  static constexpr const char* name = "LayerNorm";
  static constexpr bool backward_reads_output = false;
  static constexpr Index static_in = Features;
  static constexpr Index static_out = Features;

  LayerNorm() requires(Features != dynamic) : LayerNorm(LayerNormOptions{}) {}

  /// Throws `ConfigError` unless eps is positive, in float too.
  explicit LayerNorm(LayerNormOptions options) requires(Features != dynamic)
      : LayerNorm(Features, options) {}

  /// Throws `ShapeError` when the size is not positive or differs from the one in the type.
  explicit LayerNorm(Index features, LayerNormOptions options = {})
      : features_(features), options_(options) {
    if (features < 1)
      throw ShapeError(detail::text("LayerNorm: the size must be positive, got ", features));
    if (Features != dynamic) detail::check_equal("LayerNorm", "features", Features, features);
    detail::check_positive<float>("LayerNorm: eps", options.eps);
  }

  const LayerNormOptions& options() const { return options_; }
  Index in_features() const { return features_; }
  Index out_features() const { return features_; }
  Index num_params() const { return 2 * features_; }
  Index cache_size(Index) const { return 2; }  // mean and 1 / sqrt(variance + eps)
  std::vector<TensorInfo> tensors() const {
    return {{.name = "weight",
             .rows = features_,
             .cols = 1,
             .offset = 0,
             .is_vector = true,
             .is_scale = true},
            {.name = "bias", .rows = features_, .cols = 1, .offset = features_, .is_vector = true}};
  }

  template <class T, class Space>
  VectorView<T, Space> weight(VectorView<T, Space> params) const {
    return params.slice(0, features_);
  }
  template <class T, class Space>
  VectorView<T, Space> bias(VectorView<T, Space> params) const {
    return params.slice(features_, features_);
  }

  template <Real S>
  void init(VectorView<S> params, Rng) const {
    for (Index i = 0; i < params.size; ++i) params.data[i] = i < features_ ? S(1) : S(0);
  }

  template <Real S, class Space>
  void forward(const LayerForward<S, Space>& f) const {
    op_layer_norm_forward(f.space, weight(f.params), bias(f.params), static_cast<S>(options_.eps),
                          f.x, f.y, f.cache);
  }

  template <Real S, class Space>
  void backward(const LayerBackward<S, Space>& b) const {
    op_layer_norm_backward(b.space, weight(b.params), b.x, b.cache, b.dy, weight(b.dparams),
                           bias(b.dparams), b.write_dparams, b.dx, b.write_dx);
  }

 private:
  Index features_;
  LayerNormOptions options_;
};

static_assert(Layer<LayerNorm<3>>);
static_assert(Layer<LayerNorm<dynamic>>);

}  // namespace kd
