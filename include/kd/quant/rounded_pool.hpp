// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "kd/core/error.hpp"
#include "kd/nn/pool.hpp"
#include "kd/quant/fake_quantization.hpp"

namespace kd {

/// An average pool whose means are rounded to what it takes was rounded to, as that of integers
/// does (see `quant::AveragePool`). Gradients go straight through the rounding; a mean of numbers
/// within a range is within it. On the CPU alone.
template <class Pool>
class RoundedPool : public Pool {
 public:
  static constexpr bool knows_rounding = true;

  RoundedPool() = default;
  explicit RoundedPool(const Pool& pool) : Pool(pool) {}

  template <Real S>
  void forward_rounded(const quant::Quantization& is, const LayerForward<S, cpu::Space>& f) const {
    Pool::forward(f);
    op_round_means(f.space, is, f.y.flat());
  }

  std::string describe() const { return detail::text("rounded ", Pool::describe()); }
};

static_assert(Layer<RoundedPool<AvgPool2d<2>>>);
static_assert(Layer<RoundedPool<GlobalAvgPool>>);

}  // namespace kd
