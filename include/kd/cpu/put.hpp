// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/types.hpp"

namespace kd::cpu::detail {

/// Writes one number over another, or adds it.
template <class S>
void put(S value, S& to, Write write) {
  to = write == Write::add ? to + value : value;
}

}  // namespace kd::cpu::detail
