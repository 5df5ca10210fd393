// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/buffer.hpp"

namespace kd {

/// Room for the logits of a batch: what teachers work in that look them up or make them up.
template <Real S, class Space>
class LogitsRoom {
 public:
  /// Throws `ConfigError` when the capacity is below 1.
  LogitsRoom(Index classes, Index capacity, const Space& space)
      : classes_(classes), capacity_(checked(capacity)), logits_(classes * capacity, space) {}

  /// (classes, batch), to be overwritten. Throws `ShapeError` when it was made for other classes or
  /// for fewer samples.
  MatrixView<S, Space> of(const char* teacher, Index classes, Index batch) {
    if (classes != classes_ || batch > capacity_ || logits_.size() == 0)
      refuse(teacher, classes, batch);
    return {logits_.view().data, classes, batch};
  }

 private:
  static Index checked(Index capacity) {
    detail::check_at_least_one("make_workspace: capacity", capacity);
    return capacity;
  }
  [[noreturn]] void refuse(const char* teacher, Index classes, Index batch) const {
    if (logits_.size() == 0)
      throw ConfigError(detail::text(teacher, ": the workspace was moved from"));
    throw ShapeError(detail::text(teacher, ": expected a workspace for ", classes, " classes and ",
                                  batch, " samples, got one for ", classes_, " classes and ",
                                  capacity_, " samples"));
  }

  Index classes_;
  Index capacity_;
  Buffer<S, Space> logits_;
};

}  // namespace kd
