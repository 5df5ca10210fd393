// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "kd/core/view.hpp"
#include "kd/cuda/error.hpp"

namespace kd::cuda {

/// Numbers in memory of the host that a device copies from by itself, while the host goes on.
template <class T>
class Pinned {
 public:
  explicit Pinned(Index size) : size_(size) {
    if (size == 0) return;
    void* data = nullptr;
    detail::check(cudaMallocHost(&data, static_cast<std::size_t>(size) * sizeof(T)),
                  "cudaMallocHost");
    data_ = static_cast<T*>(data);
  }
  Pinned(Pinned&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Pinned& operator=(Pinned&&) = delete;
  ~Pinned() {
    if (data_ != nullptr) (void)cudaFreeHost(data_);
  }

  VectorView<T> view() { return {data_, size_}; }

 private:
  T* data_ = nullptr;
  Index size_ = 0;
};

}  // namespace kd::cuda
