// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string>

#include "kd/core/error.hpp"
#include "kd/cpu/ops/batch_norm.hpp"
#include "kd/nn/layer.hpp"

namespace kd {

struct BatchNormOptions {
  double momentum = 0.1;  ///< how far running moments move towards a batch's, in (0, 1]
  double eps = 1e-5;      ///< added to the variance
  static constexpr std::array names{"momentum", "eps"};
};

/// Batch normalisation of every channel, or behind a vector of every feature:
/// `y = weight (x - mean) / sqrt(variance + eps) + bias`.
///
/// x and y: (features, batch). In training mean and variance are those of the channel over the
/// batch and its map; in inference they are running ones, which every backward moves towards those
/// of its batch: `running = (1 - momentum) running + momentum moment`, the variance divided by
/// count - 1. They belong to the network (`Network::statistics`) and are not trained; a const
/// network's never change. A batch with one element a channel has no variance, and moves the mean
/// alone.
///
/// Parameters: `weight` (channels), first 1, and `bias` (channels), first 0; statistics:
/// `running_mean`, first 0, and `running_var`, first 1: as PyTorch's `nn.BatchNorm2d` and
/// `nn.BatchNorm1d`. Source: Ioffe and Szegedy, "Batch Normalization", ICML 2015.
class BatchNorm {
 public:
  static constexpr const char* name = "BatchNorm";
  static constexpr bool backward_reads_output = false;

  /// Throws `ConfigError` when an option is out of its range.
  explicit BatchNorm(const BatchNormOptions& options = {}) : options_(options) {
    detail::check_positive<float>("BatchNorm: eps", options.eps);
    detail::check_positive<float>("BatchNorm: momentum", options.momentum);
    if (options.momentum > 1)
      throw ConfigError(
          detail::text("BatchNorm: momentum must be at most 1, got ", options.momentum));
  }

  const BatchNormOptions& options() const { return options_; }

  static constexpr Shape static_out_shape(const Shape& in) { return in; }
  void bind(const Shape& in) { shape_ = in; }
  const Shape& out_shape() const { return shape_; }
  Index in_features() const { return shape_.features(); }
  Index out_features() const { return shape_.features(); }

  Index num_params() const { return 2 * shape_.channels; }
  Index num_statistics() const { return 2 * shape_.channels; }
  Index cache_size(Index) const { return 0; }
  Index batch_cache_size() const { return 2 * shape_.channels; }  // mean and variance
  std::vector<TensorInfo> tensors() const {
    auto all = pair("weight", "bias");
    all[0].is_scale = true;
    return all;
  }
  std::vector<TensorInfo> statistics() const { return pair("running_mean", "running_var"); }

  template <class T, class Space>
  VectorView<T, Space> weight(VectorView<T, Space> params) const {
    return params.slice(0, shape_.channels);
  }
  template <class T, class Space>
  VectorView<T, Space> bias(VectorView<T, Space> params) const {
    return params.slice(shape_.channels, shape_.channels);
  }

  template <Real S>
  void init(VectorView<S> params, Rng) const {
    fill(params, S(1), S(0));
  }
  template <Real S>
  void init_statistics(VectorView<S> statistics) const {
    fill(statistics, S(0), S(1));
  }

  template <Real S, class Space>
  void forward(const LayerForward<S, Space>& f) const {
    VectorView<const S, Space> moments = f.statistics;
    if (f.mode == Mode::training) {
      op_batch_moments(f.space, shape_, f.x, f.batch_cache);
      moments = f.batch_cache;
    }
    op_batch_norm_forward(f.space, shape_, moments, options_.eps, weight(f.params), bias(f.params),
                          f.x, f.y);
  }

  template <Real S, class Space>
  void backward(const LayerBackward<S, Space>& b) const {
    op_batch_norm_backward(b.space, shape_, b.batch_cache, options_.eps, weight(b.params), b.x,
                           b.dy, weight(b.dparams), bias(b.dparams), b.write_dparams, b.dx,
                           b.write_dx);
    if (b.statistics.size > 0)
      op_follow_moments(b.space, b.batch_cache, shape_.area() * b.x.cols, options_.momentum,
                        b.statistics);
  }

  std::string describe() const {
    return detail::text(name, '(', shape_.channels, ", momentum ", options_.momentum, ", eps ",
                        options_.eps, ')');
  }

 private:
  std::vector<TensorInfo> pair(const char* first, const char* second) const {
    return {{first, shape_.channels, 1, 0, true},
            {second, shape_.channels, 1, shape_.channels, true}};
  }

  template <Real S>
  void fill(VectorView<S> values, S first, S second) const {
    for (Index c = 0; c < shape_.channels; ++c) {
      values.data[c] = first;
      values.data[shape_.channels + c] = second;
    }
  }

  BatchNormOptions options_;
  Shape shape_{};
};

static_assert(Layer<BatchNorm>);

}  // namespace kd
