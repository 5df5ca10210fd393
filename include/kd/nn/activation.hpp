// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/activation.hpp"
#include "kd/cpu/ops/activation.hpp"
#include "kd/nn/layer.hpp"

namespace kd::detail {

/// The members of a layer that applies the function `F`, which has no settings, to each feature.
template <class F>
struct ActivationLayer : NoParameters {
  static constexpr bool elementwise = true;

  Index cache_size(Index) const { return 0; }

  template <Real S, class Space>
  void forward(const LayerForward<S, Space>& f) const {
    op_activation_forward(f.space, F{}, f.x.flat(), f.y.flat());
  }

  template <Real S, class Space>
  void backward(const LayerBackward<S, Space>& b) const {
    if (b.dx.empty()) return;
    op_activation_backward(b.space, F{}, b.x.flat(), b.y.flat(), b.dy.flat(), b.dx.flat(),
                           b.write_dx);
  }
};

}  // namespace kd::detail
