// SPDX-License-Identifier: MIT
#pragma once

#include <cstring>

#include "kd/core/types.hpp"

namespace kd::cpu::detail {

/// Writes an element, or a vector of them from `to` on, over what is there, or adds it.
template <class V, class S>
void put(const V& value, S& to, Write write) {
  V sum = value;
  if (write == Write::add) {
    V before;
    std::memcpy(&before, &to, sizeof before);
    sum = before + value;
  }
  std::memcpy(&to, &sum, sizeof sum);
}

}  // namespace kd::cpu::detail
