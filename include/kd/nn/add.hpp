// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cpu/ops/add.hpp"
#include "kd/cpu/ops/copy.hpp"
#include "kd/nn/layer.hpp"

namespace kd {

/// The sum of what two layers give, with which a `Residual` ends: `y = x + other`,
/// `dx = dother = dy`.
struct Add : NoParameters {
  static constexpr const char* name = "Add";
  static constexpr bool elementwise = true;
  static constexpr bool takes_two = true;
  static constexpr bool backward_reads_input = false;
  static constexpr bool backward_reads_output = false;
  static constexpr bool in_place = true;  // over x

  Index cache_size(Index) const { return 0; }

  template <Real S, class Space>
  void forward(const LayerForward<S, Space>& f) const {
    op_add(f.space, f.x.flat(), f.other.flat(), f.y.flat());
  }

  template <Real S, class Space>
  void backward(const LayerBackward<S, Space>& b) const {
    if (!b.dx.empty()) op_copy(b.space, b.dy.flat(), b.dx.flat(), b.write_dx);
    if (!b.dother.empty()) op_copy(b.space, b.dy.flat(), b.dother.flat(), b.write_dother);
  }
};

static_assert(Layer<Add>);

}  // namespace kd
