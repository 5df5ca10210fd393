// SPDX-License-Identifier: MIT
#pragma once

#include <limits>
#include <type_traits>

#include "kd/cuda/space.hpp"

namespace kd::cuda::detail {

template <Real S>
cublasComputeType_t compute_type(Products products) {
  if constexpr (std::is_same_v<S, double>) {
    return CUBLAS_COMPUTE_64F;
  } else {
    switch (products) {
      case Products::tf32:
        return CUBLAS_COMPUTE_32F_FAST_TF32;
      case Products::bf16:
        return CUBLAS_COMPUTE_32F_FAST_16BF;
      case Products::float32:
        break;
    }
    return CUBLAS_COMPUTE_32F;
  }
}

/// cuBLAS counts rows and columns in 31 bits.
inline void check_size(Index size) {
  if (size > std::numeric_limits<int>::max())
    throw ShapeError(kd::detail::text("cuBLAS: expected up to ", std::numeric_limits<int>::max(),
                                      " rows and columns, got ", size));
}

/// Whether a factor of a product is taken as it is or transposed.
enum class As { is, transposed };

/// `c = a b` or `c += a b`, column-major, each factor transposed first if so told.
template <Real S>
void product(const Space& space, As as_a, MatrixView<const S, Space> a, As as_b,
             MatrixView<const S, Space> b, MatrixView<S, Space> c, Write write) {
  const Index inner = as_a == As::is ? a.cols : a.rows;
  check_size(c.rows);
  check_size(c.cols);
  check_size(inner);
  if (c.size() == 0) return;
  const S one = 1;
  const S kept = write == Write::add ? S(1) : S(0);
  constexpr cudaDataType_t type = std::is_same_v<S, double> ? CUDA_R_64F : CUDA_R_32F;
  (void)space.stream();  // makes the space's device the current one
  check(cublasGemmEx(space.context().blas(), as_a == As::is ? CUBLAS_OP_N : CUBLAS_OP_T,
                     as_b == As::is ? CUBLAS_OP_N : CUBLAS_OP_T, static_cast<int>(c.rows),
                     static_cast<int>(c.cols), static_cast<int>(inner), &one, a.data, type,
                     static_cast<int>(a.rows), b.data, type, static_cast<int>(b.rows), &kept,
                     c.data, type, static_cast<int>(c.rows),
                     compute_type<S>(space.options().products), CUBLAS_GEMM_DEFAULT),
        "cublasGemmEx");
}

}  // namespace kd::cuda::detail
