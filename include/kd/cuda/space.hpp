// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "kd/core/buffer.hpp"
#include "kd/cuda/context.hpp"

/// How operations are done on a CUDA device: the overloads for `kd::cuda::Space` of every op.
namespace kd::cuda {

/// The memory of a device, and a stream of work on it.
///
/// A space made without options is the first device's, and all such spaces share one stream. Spaces
/// made with options have a stream each; copies share their original's. What is allocated, copied
/// and computed is done in the stream's order, and the host waits for none of it until it reads
/// something back. A space must not be used by two threads at a time.
class Space {
 public:
  /// There are ops for a linear layer and the ReLU behind it as one.
  static constexpr bool fuses_linear_relu = true;

  Space() = default;

  /// Throws `cuda::Error` when there is no such device, or the driver is too old.
  explicit Space(const SpaceOptions& options)
      : context_(std::make_shared<const detail::Context>(options)) {}

  void* allocate(std::size_t bytes) const { return context().allocate(bytes); }
  void release(void* data) const noexcept { context().release(data); }
  void zero(void* data, std::size_t bytes) const {
    if (bytes != 0) detail::check(cudaMemsetAsync(data, 0, bytes, stream()), "cudaMemsetAsync");
  }
  /// Either pointer may be the host's.
  void copy(void* target, const void* source, std::size_t bytes) const {
    if (bytes != 0)
      detail::check(cudaMemcpyAsync(target, source, bytes, cudaMemcpyDefault, stream()),
                    "cudaMemcpyAsync");
  }

  cudaStream_t stream() const { return context().stream(); }
  const SpaceOptions& options() const { return context().options(); }
  const detail::Context& context() const {
    return context_ ? *context_ : detail::Context::shared();
  }

  /// Waits until all work is done, and throws what went wrong in it.
  void synchronize() const {
    detail::check(cudaStreamSynchronize(stream()), "cudaStreamSynchronize");
  }

 private:
  std::shared_ptr<const detail::Context> context_;
};

/// Reads one element back, which waits for the device.
template <class T>
std::remove_const_t<T> op_read(const Space& space, VectorView<T, Space> slot) {
  std::remove_const_t<T> value{};
  space.copy(&value, slot.data, sizeof(T));
  space.synchronize();
  return value;
}

template <class T>
void op_zero(const Space& space, VectorView<T, Space> x) {
  space.zero(x.data, static_cast<std::size_t>(x.size) * sizeof(T));
}

/// Makes a flag something else than zero.
inline void op_raise(const Space& space, VectorView<std::int32_t, Space> flag) {
  detail::check(cudaMemsetAsync(flag.data, 1, sizeof(std::int32_t), space.stream()),
                "cudaMemsetAsync");
}

/// Copies from the host into the memory of the space; the host may change them afterwards.
template <class T>
void op_upload(const Space& space, VectorView<const T> host, VectorView<T, Space> x) {
  space.copy(x.data, host.data, static_cast<std::size_t>(x.size) * sizeof(T));
}

/// Copies from the memory of the space to the host, and waits for them.
template <class T>
void op_download(const Space& space, VectorView<const T, Space> x, VectorView<T> host) {
  space.copy(host.data, x.data, static_cast<std::size_t>(x.size) * sizeof(T));
  space.synchronize();
}

}  // namespace kd::cuda
