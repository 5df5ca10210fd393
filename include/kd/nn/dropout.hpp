// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/error.hpp"
#include "kd/cpu/ops/copy.hpp"
#include "kd/cpu/ops/dropout.hpp"
#include "kd/cpu/ops/multiply.hpp"
#include "kd/nn/layer.hpp"

namespace kd {

/// Dropout: in training each feature is zeroed with probability `p` and the others are divided by
/// `1 - p`, so that inference changes nothing.
///
/// The mask is a function of seed, step, layer and position alone, hence the same on any number of
/// threads and on every device. Source: Srivastava et al., "Dropout", JMLR 2014 (inverted form).
class Dropout : public NoParameters {
 public:
  static constexpr const char* name = "Dropout";
  static constexpr bool elementwise = true;
  static constexpr bool identity_in_inference = true;
  static constexpr bool backward_reads_input = false;
  static constexpr bool backward_reads_output = false;
  static constexpr bool in_place = true;

  /// Throws `ConfigError` unless `p` is in `[0, 1)`.
  explicit Dropout(double p = 0.5) : p_(p) { detail::check_share<float>("Dropout: p", p); }

  double p() const { return p_; }
  Index cache_size(Index features) const { return features; }  // the mask

  template <Real S, class Space>
  void forward(const LayerForward<S, Space>& f) const {
    if (f.mode == Mode::training) {
      op_dropout_forward(f.space, f.rng, p_, f.x.flat(), f.cache.flat(), f.y.flat());
    } else {
      op_copy(f.space, f.x.flat(), f.y.flat(), Write::overwrite);
    }
  }

  template <Real S, class Space>
  void backward(const LayerBackward<S, Space>& b) const {
    if (b.dx.empty()) return;
    op_multiply(b.space, b.dy.flat(), b.cache.flat(), b.dx.flat(), b.write_dx);
  }

 private:
  double p_;
};

static_assert(Layer<Dropout>);

}  // namespace kd
