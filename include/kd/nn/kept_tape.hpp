// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <utility>

#include "kd/core/types.hpp"

namespace kd::detail {

/// The tape that this thread's last prediction by a network of that architecture left behind, taken
/// for one more and left again, so that a prediction of few samples allocates nothing but its
/// result.
template <class Architecture, class Tape>
class KeptTape {
 public:
  /// `make(capacity)` gives a tape where the one that was left is too small or of other sizes.
  template <class Layout, class Make>
  KeptTape(const Layout& layout, Index capacity, Make&& make)
      // Taken away while in use, since a layer of a user's own might predict, too.
      : tape_(std::exchange(kept(), std::nullopt)) {
    if (!tape_ || tape_->capacity() < capacity || !tape_->suits(layout)) tape_ = make(capacity);
  }
  ~KeptTape() {
    if (tape_->bytes() <= most_bytes) kept() = std::move(tape_);
  }
  KeptTape(const KeptTape&) = delete;
  KeptTape& operator=(const KeptTape&) = delete;

  Tape& get() { return *tape_; }

 private:
  // What a thread may keep for good; above, the layers take far longer than the allocation.
  static constexpr Index most_bytes = Index{1} << 17;

  static std::optional<Tape>& kept() {
    thread_local std::optional<Tape> tape;
    return tape;
  }

  std::optional<Tape> tape_;
};

}  // namespace kd::detail
