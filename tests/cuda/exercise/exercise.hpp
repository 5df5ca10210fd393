// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "kd/cuda/space.hpp"

/// The programs of this folder run kernels once at sizes that leave warps, blocks and packs
/// incomplete, and look at no result (the tests do): they are for the sanitizers, and quick to
/// compile. `<header>.cpp` is for what stands in `kd/cuda/<header>.cuh` or
/// `kd/cuda/ops/<header>.cuh`.
namespace exercise {

using kd::Index;
using kd::Label;
using kd::Write;
using Space = kd::cuda::Space;
using S = float;

inline const Space space;

/// Numbers from 0 to 4 in device memory that ends behind the last of them.
template <class T = S>
class Block {
 public:
  explicit Block(Index size) : buffer_(size, space) {
    std::vector<T> host(static_cast<std::size_t>(size));
    for (std::size_t i = 0; i < host.size(); ++i) host[i] = static_cast<T>((i * 7 + 3) % 5);
    op_upload(space, kd::VectorView<const T>(host.data(), size), buffer_.view());
  }
  kd::VectorView<T, Space> out() { return buffer_.view(); }
  kd::VectorView<const T, Space> in() { return buffer_.view(); }
  kd::MatrixView<T, Space> out(Index rows, Index cols) { return {out().data, rows, cols}; }
  kd::MatrixView<const T, Space> in(Index rows, Index cols) { return {out().data, rows, cols}; }

 private:
  kd::Buffer<T, Space> buffer_;
};

}  // namespace exercise
