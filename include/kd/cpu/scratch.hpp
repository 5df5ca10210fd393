// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "kd/core/types.hpp"

namespace kd::cpu {

/// Room for `count` numbers of this thread's own, until its next call; it grows once and stays.
template <class S>
S* scratch(Index count) {
  thread_local std::vector<S> room;
  if (room.size() < static_cast<std::size_t>(count)) room.resize(static_cast<std::size_t>(count));
  return room.data();
}

}  // namespace kd::cpu
