// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/parallel.hpp"

namespace kd::cpu::detail {

/// Numbers a thread works on at a time: three such vectors of floats stay in the first cache.
inline constexpr Index chunk = 2048;

/// Calls `body(offset, count)` for pieces of `[0, size)`, spread over the threads.
template <class Body>
void for_chunks(Index size, double work, Body&& body) {
  parallel_for((size + chunk - 1) / chunk, work * chunk, [&](Index i) {
    const Index offset = i * chunk;
    body(offset, offset + chunk < size ? chunk : size - offset);
  });
}

}  // namespace kd::cpu::detail
