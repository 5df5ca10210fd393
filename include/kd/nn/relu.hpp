// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cpu/ops/relu.hpp"
#include "kd/nn/layer.hpp"

namespace kd {

/// The rectifier: `y = max(x, 0)`, `dx = dy` where `y > 0`, else 0.
struct ReLU : NoParameters {
  static constexpr const char* name = "ReLU";
  static constexpr bool elementwise = true;
  static constexpr bool backward_reads_input = false;
  static constexpr bool in_place = true;

  Index cache_size(Index) const { return 0; }

  template <Real S, class Space>
  void forward(const LayerForward<S, Space>& f) const {
    op_relu_forward(f.space, f.x.flat(), f.y.flat());
  }

  template <Real S, class Space>
  void backward(const LayerBackward<S, Space>& b) const {
    if (b.dx.empty()) return;
    op_relu_backward(b.space, b.y.flat(), b.dy.flat(), b.dx.flat(), b.write_dx);
  }
};

static_assert(Layer<ReLU>);

}  // namespace kd
