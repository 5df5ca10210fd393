// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "kd/core/error.hpp"
#include "kd/nn/layer.hpp"
#include "kd/quant/fake_quantization.hpp"

namespace kd {

namespace detail {

inline void check_bits(const char* name, int bits) {
  if (bits < 2 || bits > 8) throw ConfigError(text(name, " must be from 2 to 8, got ", bits));
}

/// A scale that is learned, whatever the optimizer made of it: never 0 and never negative.
template <Real S>
float learned_scale(S step) {
  return std::max(static_cast<float>(step), std::numeric_limits<float>::min());
}

/// What learning begins with: `2 mean |x| / sqrt(Qp)`, `Qp` being the largest integer; 1 for zeros.
inline double first_scale(double magnitude, int largest) {
  return magnitude > 0 ? 2 * magnitude / std::sqrt(largest) : 1;
}

}  // namespace detail

struct FakeQuantizeOptions {
  int bits = 8;
  bool learned = false;       ///< the scale is a parameter, and there is no running range
  bool non_negative = false;  ///< of a learned scale: all integers are for what is not negative
  double averaging = 0.01;    ///< how far a batch moves the running range, in (0, 1]
  std::optional<quant::Range> fixed = {};  ///< the range that stays, whatever comes
};

/// Rounds what comes in to the reals that integers of a few bits stand for:
/// `y = s (clamp(round(x / s) + z) - z)`, all with one scale s and one zero point z.
///
/// x and y: (features, batch). Scale and zero point follow from the running range, statistics `low`
/// and `high`, as `quant::quantization_of` says: in training the range moves a little towards that
/// of each batch before it rounds, `low += averaging (min x - low)`, unless the statistic `frozen`
/// is not 0; in inference it stays. The range from 0 to 0 has seen nothing and becomes that of the
/// first batch. Gradients go straight through, `dx = dy`, and are 0 where x was cut off.
///
/// With `learned` the scale is a parameter, `step4` (1) of 4 bits: with `v = x / step` its gradient
/// is the sum of `dy (round(v) - v)`, or of `dy` times the end where v was cut off, over
/// `sqrt(features Qp)`, `Qp` being the largest integer; zero is the middle or, `non_negative`, the
/// lowest integer. Sources: Jacob et al., CVPR 2018; Esser et al., "Learned Step Size
/// Quantization", ICLR 2020. On the CPU alone.
class FakeQuantize {
 public:
  static constexpr const char* name = "FakeQuantize";
  static constexpr bool elementwise = true;
  static constexpr bool rounds = true;
  static constexpr Index frozen = 2;  ///< where among the statistics

  /// Throws `ConfigError` when bits are not from 2 to 8 or averaging is not in (0, 1].
  explicit FakeQuantize(const FakeQuantizeOptions& options = {}) : options_(options) {
    detail::check_bits("FakeQuantize: bits", options.bits);
    detail::check_positive<float>("FakeQuantize: averaging", options.averaging);
    if (options.averaging > 1)
      throw ConfigError(
          detail::text("FakeQuantize: averaging must be at most 1, got ", options.averaging));
  }

  const FakeQuantizeOptions& options() const { return options_; }
  Index num_params() const { return options_.learned ? 1 : 0; }
  Index num_statistics() const { return options_.learned ? 0 : 3; }
  Index cache_size(Index) const { return 0; }
  Index batch_cache_size() const { return options_.learned ? 0 : 2; }  // the range of this step
  std::vector<TensorInfo> tensors() const {
    if (!options_.learned) return {};
    return {{detail::text("step", options_.bits), 1, 1, 0, true, true}};
  }
  std::vector<TensorInfo> statistics() const {
    if (options_.learned) return {};
    return {{"low", 1, 1, 0, true}, {"high", 1, 1, 1, true}, {"frozen", 1, 1, frozen, true}};
  }

  template <Real S>
  void init(VectorView<S> params, Rng) const {
    if (options_.learned) params.data[0] = S(1);
  }
  template <Real S>
  void init_statistics(VectorView<S> statistics) const {
    if (options_.learned) return;
    const quant::Range range = options_.fixed.value_or(quant::Range{});
    set_range(statistics, range);
    statistics.data[frozen] = options_.fixed ? S(1) : S(0);
  }
  template <Real S>
  void set_range(VectorView<S> statistics, const quant::Range& range) const {
    statistics.data[0] = static_cast<S>(range.low);
    statistics.data[1] = static_cast<S>(range.high);
  }

  /// How numbers are rounded, given the layer's numbers in a network; an empty `batch_cache` asks
  /// for inference.
  template <Real S>
  quant::Quantization rounding(VectorView<const S> params, VectorView<const S> statistics,
                               VectorView<const S> batch_cache = {}) const {
    return quant::quantization_of(range(params, statistics, batch_cache));
  }
  /// The range that this follows from.
  template <Real S>
  quant::Range range(VectorView<const S> params, VectorView<const S> statistics,
                     VectorView<const S> batch_cache = {}) const {
    if (!options_.learned) {
      const auto& from = batch_cache.size > 0 ? batch_cache : statistics;
      return {static_cast<double>(from.data[0]), static_cast<double>(from.data[1]), options_.bits};
    }
    const auto step = static_cast<double>(detail::learned_scale(params.data[0]));
    const double lowest = quant::lowest_of(options_.bits);
    const double zero = options_.non_negative ? lowest : 0;
    return {step * (lowest - zero), step * (quant::highest_of(options_.bits) - zero),
            options_.bits};
  }

  template <Real S>
  void forward(const LayerForward<S, cpu::Space>& f) const {
    if (f.batch_cache.size > 0) follow(f);
    op_fake_quantize(f.space, rounding<S>(f.params, f.statistics, f.batch_cache), f.x.flat(),
                     f.y.flat());
  }

  template <Real S>
  void backward(const LayerBackward<S, cpu::Space>& b) const {
    const auto is = rounding<S>(b.params, b.statistics, b.batch_cache);
    if (!b.dx.empty())
      op_fake_quantize_backward(b.space, is, b.x.flat(), b.dy.flat(), b.dx.flat(), b.write_dx);
    if (options_.learned) {
      const double sum = op_fake_quantize_scale_gradient(b.space, is, b.x, b.dy);
      const double factor = 1 / std::sqrt(static_cast<double>(b.x.rows) * largest());
      cpu::detail::put(static_cast<S>(factor * sum), b.dparams.data[0], b.write_dparams);
    } else if (b.statistics.size > 0) {
      std::copy_n(b.batch_cache.data, 2, b.statistics.data);
    }
  }

  /// The largest integer, as the zero is 0.
  int largest() const {
    return options_.non_negative ? (1 << options_.bits) - 1 : quant::highest_of(options_.bits);
  }

  std::string describe() const {
    std::string all = detail::text(name, '(', options_.bits, " bits");
    if (options_.fixed)
      all += detail::text(", from ", options_.fixed->low, " to ", options_.fixed->high);
    else if (options_.learned)
      all += options_.non_negative ? ", learned, not negative" : ", learned";
    else
      all += detail::text(", averaging ", options_.averaging);
    return all + ')';
  }

 private:
  /// The range of this step: the running one, moved by what comes in. Forward keeps it for
  /// backward, which makes it the running one.
  template <Real S>
  void follow(const LayerForward<S, cpu::Space>& f) const {
    quant::Range now = range(f.params, f.statistics);
    if (!(f.statistics.data[frozen] > S(0))) {
      const quant::Range seen = op_range(f.space, f.x.flat());
      const double share = now.low == 0 && now.high == 0 ? 1 : options_.averaging;
      if (detail::is_finite(seen.low) && detail::is_finite(seen.high)) {
        now.low += share * (seen.low - now.low);
        now.high += share * (seen.high - now.high);
      }
    }
    set_range(f.batch_cache, now);
  }

  FakeQuantizeOptions options_;
};

static_assert(Layer<FakeQuantize>);

}  // namespace kd
