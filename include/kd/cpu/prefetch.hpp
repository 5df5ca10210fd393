// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "kd/core/cache_line.hpp"
#include "kd/core/types.hpp"

namespace kd::cpu {

/// Asks for the cache line of `at`, which will be read a little later. Into the second cache: the
/// first can wait for far fewer lines at a time.
inline void prefetch([[maybe_unused]] const void* at) {
#if defined(__GNUC__)
  __builtin_prefetch(at, 0, 2);
#endif
}

/// Asks for `size` elements, or for their beginning: of many the hardware finds the rest.
template <class T>
void prefetch(const T* elements, Index size) {
  constexpr Index line = kd::detail::cache_line<T>;
  for (Index i = 0; i < std::min(size, 32 * line); i += line) prefetch(elements + i);
}

/// Asks for the cache lines of `size` elements that will be written a little later: a store to a
/// line that is not there holds up those behind it.
template <class T>
void prefetch_to_write([[maybe_unused]] const T* elements, [[maybe_unused]] Index size) {
#if defined(__GNUC__)
  for (Index i = 0; i < size; i += kd::detail::cache_line<T>)
    __builtin_prefetch(elements + i, 1, 3);
#endif
}

}  // namespace kd::cpu
