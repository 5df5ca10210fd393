// SPDX-License-Identifier: MIT
#pragma once

#include <limits>

namespace kd::cpu::detail {

/// One over the length of a vector; 0 where there is none to speak of.
template <class X>
typename X::Scalar inverse_length(const X& x) {
  using S = typename X::Scalar;
  const S length = x.stableNorm();
  return length > std::numeric_limits<S>::min() ? S(1) / length : S(0);
}

}  // namespace kd::cpu::detail
