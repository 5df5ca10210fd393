// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "kd/nn/conv2d.hpp"
#include "kd/nn/layer_norm.hpp"
#include "kd/nn/linear.hpp"
#include "kd/quant/fake_quantize.hpp"
#include "kd/quant/quantize_weights.hpp"

namespace kd {

namespace detail {

template <class>
inline constexpr bool is_layer_norm = false;
template <Index Features>
inline constexpr bool is_layer_norm<LayerNorm<Features>> = true;

/// A layer whose integers have a scale for each output channel, or, a LayerNorm, one for all.
template <class L>
concept HasWeights = is_linear<L> || std::derived_from<L, Convolution> || is_layer_norm<L>;

}  // namespace detail

struct QuantizedWeightsOptions {
  int bits = 8;
  bool learned = false;  ///< the scales are parameters
};

/// A layer that computes with its weights rounded to integers of a few bits:
/// `w = s clamp(round(w / s), low, high)`, with a scale s for each output channel, or one for a
/// LayerNorm. Behind a `FakeQuantize` the bias is rounded, too, in units of both
/// scales, of weights and inputs, as its integer of 32 bits is.
///
/// Scales are those of the largest weight, `s = max |w| / high`, found anew in every step, with
/// `high = -low = 2^(bits - 1) - 1`, and gradients go straight through the rounding. With `learned`
/// they are parameters behind those of the layer, `step4` (channels) of 4 bits, first
/// `2 mean |w| / sqrt(high)`, with `low = -2^(bits - 1)` below 8 bits; their gradients are those of
/// `FakeQuantize` over the weights of a channel, `1 / sqrt(weights high)` times, and a weight that
/// is cut off has none. Sources as there. On the CPU alone.
template <class L>
class QuantizedWeights : public L {
  static_assert(detail::HasWeights<L>, "a Linear, a convolution or a LayerNorm");

 public:
  static constexpr bool knows_rounding = true;

  QuantizedWeights() requires std::default_initializable<L>
  = default;

  /// Throws `ConfigError` when bits are not from 2 to 8.
  explicit QuantizedWeights(const L& layer, const QuantizedWeightsOptions& options = {})
      : L(layer), options_(options) {
    detail::check_bits("QuantizedWeights: bits", options.bits);
  }

  Index num_params() const { return L::num_params() + num_steps(); }
  std::vector<TensorInfo> tensors() const {
    std::vector<TensorInfo> all = L::tensors();
    if (options_.learned)
      all.push_back(
          {detail::text("step", options_.bits), channels(), 1, L::num_params(), true, true});
    return all;
  }

  template <Real S>
  void init(VectorView<S> params, Rng rng) const {
    L::init(params.slice(0, L::num_params()), rng);
    init_steps(params);
  }
  /// Sets the scales that are learned to what the weights suggest; a channel of zeros has the mean
  /// of the others.
  template <Real S>
  void init_steps(VectorView<S> params) const {
    if (!options_.learned) return;
    const MatrixView<S> weight = rows(params);
    const auto magnitudes = map(weight).cwiseAbs().colwise().mean().template cast<double>().eval();
    for (Index c = 0; c < channels(); ++c)
      params.data[L::num_params() + c] = static_cast<S>(
          detail::first_scale(magnitudes(c) > 0 ? magnitudes(c) : magnitudes.mean(), highest()));
  }

  template <Real S>
  void forward(const LayerForward<S, cpu::Space>& f) const {
    LayerForward<S, cpu::Space> with_integers = f;
    with_integers.params = rounded(f.space, f.params);
    L::forward(with_integers);
  }
  /// The same where it is known how inputs are rounded, from which the step of the bias follows.
  template <Real S>
  void forward_rounded(const quant::Quantization& inputs,
                       const LayerForward<S, cpu::Space>& f) const {
    LayerForward<S, cpu::Space> with_integers = f;
    const VectorView<S> params = rounded(f.space, f.params);
    if constexpr (!detail::is_layer_norm<L>) round_bias(inputs, scales(f.params), L::bias(params));
    with_integers.params = params;
    L::forward(with_integers);
  }

  template <Real S>
  void backward(const LayerBackward<S, cpu::Space>& b) const {
    LayerBackward<S, cpu::Space> with_integers = b;
    with_integers.params = rounded(b.space, b.params);
    with_integers.dparams = b.dparams.slice(0, L::num_params());
    if (!options_.learned) return L::backward(with_integers);
    const VectorView<S> gradient{cpu::scratch<S, 4>(L::num_params()), L::num_params()};
    with_integers.dparams = gradient;
    with_integers.write_dparams = Write::overwrite;
    L::backward(with_integers);
    const MatrixView<S> weight = rows(b.dparams);
    op_fake_quantize_weights_backward(
        b.space, rows(b.params), scales(b.params), static_cast<S>(lowest()),
        static_cast<S>(highest()), MatrixView<const S>(rows(gradient)),
        1 / std::sqrt(static_cast<double>(weight.rows) * highest()), weight,
        b.dparams.slice(L::num_params(), channels()), b.write_dparams);
    for (Index i = weight.size(); i < L::num_params(); ++i)  // the bias
      cpu::detail::put(gradient.data[i], b.dparams.data[i], b.write_dparams);
  }

  const QuantizedWeightsOptions& options() const { return options_; }
  /// The ends of the integers.
  int highest() const { return quant::highest_of(options_.bits); }
  int lowest() const {
    return options_.learned && options_.bits < 8 ? quant::lowest_of(options_.bits) : -highest();
  }

  /// How many times its integer a weight of fewer than 8 bits is in an `int8_t`, which has room for
  /// more: sums of small integers would be too coarse to be rescaled well.
  int multiple() const {
    return static_cast<int>(quant::most_weight) / std::max(highest(), -lowest());
  }

  /// The layer's parameters with rounded weights, in room of this thread's own, until it asks
  /// again.
  template <Real S>
  VectorView<S> rounded(const cpu::Space& space, VectorView<const S> params) const {
    const VectorView<S> all{cpu::scratch<S, 2>(L::num_params()), L::num_params()};
    const MatrixView<S> weight = rows(all);
    op_fake_quantize_weights(space, rows(params), scales(params), static_cast<S>(lowest()),
                             static_cast<S>(highest()), weight);
    std::copy_n(params.data + weight.size(), L::num_params() - weight.size(),
                all.data + weight.size());
    return all;
  }

  /// The scale of each channel, likewise.
  template <Real S>
  VectorView<const S> scales(VectorView<const S> params) const {
    S* const all = cpu::scratch<S, 3>(channels());
    const auto weight = map(rows(params));
    for (Index c = 0; c < channels(); ++c)
      all[c] =
          static_cast<S>(options_.learned ? detail::learned_scale(params.data[L::num_params() + c])
                                          : scale_of(weight.col(c).cwiseAbs().maxCoeff()));
    return {all, channels()};
  }

  std::string describe() const {
    std::string layer = detail::text(L::name, '(', L::in_features(), ", ", L::out_features(), ')');
    if constexpr (requires { L::describe(); }) layer = L::describe();
    return detail::text(layer, " of ", options_.bits,
                        options_.learned ? " bits, learned" : " bits");
  }

 private:
  Index num_steps() const { return options_.learned ? channels() : 0; }
  Index channels() const {
    if constexpr (detail::is_layer_norm<L>)
      return 1;
    else if constexpr (detail::is_linear<L>)
      return L::out_features();
    else
      return L::out_shape().channels;
  }

  /// The weights, a column a channel.
  template <class T>
  MatrixView<T> rows(VectorView<T> params) const {
    if constexpr (detail::is_layer_norm<L>)
      return {params.data, L::in_features(), 1};
    else
      return L::weight(params);
  }

  /// The bias is an integer in units of the scales of input and weight; its gradient passes.
  template <Real S>
  void round_bias(const quant::Quantization& inputs, VectorView<const S> of_weights,
                  VectorView<S> bias) const {
    for (Index c = 0; c < bias.size; ++c) {
      const double unit =
          static_cast<double>(inputs.scale) * static_cast<double>(of_weights.data[c]) / multiple();
      const double q = std::round(static_cast<double>(bias.data[c]) / unit);
      if (std::abs(q) < 0x1p30) bias.data[c] = static_cast<S>(q * unit);
    }
  }

  template <Real S>
  float scale_of(S largest) const {
    if (!(largest > 0)) return 1;
    return std::max(static_cast<float>(static_cast<double>(largest) / highest()),
                    std::numeric_limits<float>::min());
  }

  QuantizedWeightsOptions options_;
};

static_assert(Layer<QuantizedWeights<Linear<3, 2>>>);
static_assert(Layer<QuantizedWeights<Conv2d<3, 2>>>);
static_assert(Layer<QuantizedWeights<LayerNorm<3>>>);

}  // namespace kd
