// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/buffer.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

/// Room for `count` elements of this thread's own, until its next call; it grows once and stays. It
/// begins on a cache line, as every buffer does. Who needs several at once numbers them.
template <class S, int Number = 0>
S* scratch(Index count) {
  thread_local Buffer<S> room;
  if (room.size() < count) room = Buffer<S>(count);
  return room.view().data;
}

}  // namespace kd::cpu
