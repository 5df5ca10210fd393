// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstring>
#include <new>

#include "kd/core/cache_line.hpp"
#include "kd/core/view.hpp"
#include "kd/cpu/huge_pages.hpp"

/// How operations are done on the CPU, with Eigen: the overloads for `kd::cpu::Space` of every op.
///
/// Layers, losses and optimizers call `op_...(space, ...)` unqualified; the type of `space` finds
/// them here, and finds its own overloads for another space.
namespace kd::cpu {

/// The memory of the host.
class Space {
 public:
  void* allocate(std::size_t bytes) const {
    void* const data = ::operator new(bytes, alignment);
    detail::ask_for_huge_pages(data, bytes);
    return data;
  }
  void release(void* data) const noexcept { ::operator delete(data, alignment); }
  // Where there is nothing there is no address either, which the C library must not be given.
  void zero(void* data, std::size_t bytes) const {
    if (bytes > 0) std::memset(data, 0, bytes);
  }
  void copy(void* target, const void* source, std::size_t bytes) const {
    if (bytes > 0) std::memcpy(target, source, bytes);
  }

 private:
  static constexpr std::align_val_t alignment{kd::detail::cache_line_bytes};
};

/// Reads one element back; elsewhere than on the CPU this waits for the device.
template <class T>
T op_read(const Space&, VectorView<T> slot) {
  return *slot.data;
}

template <class T>
void op_zero(const Space& space, VectorView<T> x) {
  space.zero(x.data, static_cast<std::size_t>(x.size) * sizeof(T));
}

/// Makes a flag something else than zero.
inline void op_raise(const Space&, VectorView<std::int32_t> flag) { *flag.data = 1; }

/// Copies from the host into the memory of the space.
template <class T>
void op_upload(const Space& space, VectorView<const T> host, VectorView<T> x) {
  space.copy(x.data, host.data, static_cast<std::size_t>(x.size) * sizeof(T));
}

/// Copies from the memory of the space to the host.
template <class T>
void op_download(const Space& space, VectorView<const T> x, VectorView<T> host) {
  space.copy(host.data, x.data, static_cast<std::size_t>(x.size) * sizeof(T));
}

}  // namespace kd::cpu
