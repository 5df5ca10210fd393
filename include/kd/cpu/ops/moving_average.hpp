// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/matrix.hpp"
#include "kd/cpu/chunks.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

/// `average = decay average + (1 - decay) x`
template <Real S>
void op_moving_average(const Space&, VectorView<const S> x, double decay, VectorView<S> average) {
  const auto gain = static_cast<S>(1 - decay);
  detail::for_chunks(x.size, 1, [&](Index at, Index n) {
    auto mean = array(average.slice(at, n));
    mean += gain * (array(x.slice(at, n)) - mean);
  });
}

}  // namespace kd::cpu
