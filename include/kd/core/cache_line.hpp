// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "kd/core/types.hpp"

namespace kd::detail {

/// Bytes of a cache line, and of the widest vector: buffers begin on one.
inline constexpr std::size_t cache_line_bytes = 64;

/// How many numbers a cache line holds.
template <class T>
inline constexpr Index cache_line = static_cast<Index>(cache_line_bytes / sizeof(T));

/// `count` numbers or a few more, so that what lies behind them begins on a cache line.
template <class T>
constexpr Index whole_cache_lines(Index count) {
  return (count + cache_line<T> - 1) / cache_line<T> * cache_line<T>;
}

}  // namespace kd::detail
