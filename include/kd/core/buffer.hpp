// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>
#include <utility>

#include "kd/core/error.hpp"
#include "kd/core/view.hpp"

namespace kd {

/// A block of numbers in the memory of `Space`, zero at first; the only owner of memory in kd.
///
/// Everything a training step touches lies in buffers that were sized before its first step.
/// `Space` answers `allocate(bytes)`, `release(pointer)`, `zero(pointer, bytes)` and
/// `copy(target, source, bytes)`.
template <class T, class Space = cpu::Space>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Buffer() = default;
  explicit Buffer(Index size, Space space = {}) : space_(std::move(space)), size_(size) {
    if (size == 0) return;
    data_ = static_cast<T*>(space_.allocate(bytes()));
    space_.zero(data_, bytes());
  }
  Buffer(const Buffer& other) : space_(other.space_), size_(other.size_) {
    if (size_ == 0) return;
    data_ = static_cast<T*>(space_.allocate(bytes()));
    space_.copy(data_, other.data_, bytes());
  }
  Buffer(Buffer&& other) noexcept
      : space_(other.space_),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  // Two, because one that takes its argument by value and is noexcept makes structs of buffers
  // promise that to copy them never throws.
  Buffer& operator=(const Buffer& other) { return *this = Buffer(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    Buffer taken(std::move(other));
    std::swap(space_, taken.space_);
    std::swap(data_, taken.data_);
    std::swap(size_, taken.size_);
    return *this;
  }
  ~Buffer() {
    if (data_ != nullptr) space_.release(data_);
  }

  Index size() const { return size_; }
  const Space& space() const { return space_; }
  VectorView<T, Space> view() { return {data_, size_}; }
  VectorView<const T, Space> view() const { return {data_, size_}; }

  /// Its first numbers. Throws `ShapeError` when there are fewer, as in a room that was made for
  /// smaller batches, or for other networks, or was moved from.
  VectorView<T, Space> first(Index count) {
    check_room(count);
    return {data_, count};
  }
  VectorView<const T, Space> first(Index count) const {
    check_room(count);
    return {data_, count};
  }
  /// The same as a matrix.
  MatrixView<T, Space> matrix(Index rows, Index cols) {
    check_room(rows * cols);
    return {data_, rows, cols};
  }
  MatrixView<const T, Space> matrix(Index rows, Index cols) const {
    check_room(rows * cols);
    return {data_, rows, cols};
  }

 private:
  void check_room(Index count) const {
    if (count > size_)
      throw ShapeError(detail::text(
          "Buffer: expected room for ", count, " numbers, got ", size_,
          size_ == 0 ? " (was it moved from?)" : " (made for smaller batches or other sizes?)"));
  }
  std::size_t bytes() const { return static_cast<std::size_t>(size_) * sizeof(T); }

  Space space_{};
  T* data_ = nullptr;
  Index size_ = 0;
};

}  // namespace kd
