// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <type_traits>

#include "cuda_runtime.h"

/// Stands in for cuBLAS: the one product that kd::cuda asks for, summed in double, with the inputs
/// rounded as the kind of product says.

enum cublasStatus_t { CUBLAS_STATUS_SUCCESS = 0, CUBLAS_STATUS_INVALID_VALUE = 7 };
enum cublasOperation_t { CUBLAS_OP_N = 0, CUBLAS_OP_T = 1 };
enum cudaDataType_t { CUDA_R_32F = 0, CUDA_R_64F = 1 };
enum cublasComputeType_t {
  CUBLAS_COMPUTE_32F = 68,
  CUBLAS_COMPUTE_64F = 70,
  CUBLAS_COMPUTE_32F_FAST_16BF = 75,
  CUBLAS_COMPUTE_32F_FAST_TF32 = 77
};
enum cublasGemmAlgo_t { CUBLAS_GEMM_DEFAULT = -1 };

struct cublasContext {
  cudaStream_t stream;
};
using cublasHandle_t = cublasContext*;

inline cublasStatus_t cublasCreate(cublasHandle_t* handle) {
  *handle = new cublasContext{};
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasDestroy(cublasHandle_t handle) {
  delete handle;
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream) {
  handle->stream = stream;
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasSetWorkspace(cublasHandle_t, void*, std::size_t) {
  return CUBLAS_STATUS_SUCCESS;
}
inline const char* cublasGetStatusString(cublasStatus_t status) {
  return status == CUBLAS_STATUS_SUCCESS ? "success" : "invalid value";
}

namespace standin {

/// `x` with `bits` bits of mantissa, to nearest.
inline float rounded(float x, int bits) {
  std::uint32_t word = 0;
  std::memcpy(&word, &x, sizeof x);
  const int dropped = 23 - bits;
  word += (std::uint32_t{1} << (dropped - 1)) - 1 + (word >> dropped & 1U);
  word = word >> dropped << dropped;
  std::memcpy(&x, &word, sizeof x);
  return x;
}

template <class S>
double product_input(S x, cublasComputeType_t type) {
  if constexpr (std::is_same_v<S, float>) {
    if (type == CUBLAS_COMPUTE_32F_FAST_16BF) return rounded(x, 7);
    if (type == CUBLAS_COMPUTE_32F_FAST_TF32) return rounded(x, 10);
  }
  return x;
}

template <class S>
struct Gemm {
  cublasOperation_t op_a, op_b;
  int m, n, k;
  S alpha;
  const S* a;
  int lda;
  const S* b;
  int ldb;
  S beta;
  S* c;
  int ldc;
  cublasComputeType_t type;

  void operator()() const {
    for (int j = 0; j < n; ++j)
      for (int i = 0; i < m; ++i) {
        double sum = 0;
        for (int l = 0; l < k; ++l)
          sum += product_input(op_a == CUBLAS_OP_N ? at(a, i, l, lda) : at(a, l, i, lda), type) *
                 product_input(op_b == CUBLAS_OP_N ? at(b, l, j, ldb) : at(b, j, l, ldb), type);
        S& target = c[static_cast<std::size_t>(j) * static_cast<std::size_t>(ldc) +
                      static_cast<std::size_t>(i)];
        const double kept = beta == S(0) ? 0 : static_cast<double>(beta) * target;
        target = static_cast<S>(static_cast<double>(alpha) * sum + kept);
      }
  }

 private:
  static S at(const S* x, int row, int col, int ld) {
    return x[static_cast<std::size_t>(col) * static_cast<std::size_t>(ld) +
             static_cast<std::size_t>(row)];
  }
};

}  // namespace standin

inline cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t op_a,
                                   cublasOperation_t op_b, int m, int n, int k, const void* alpha,
                                   const void* a, cudaDataType_t type_a, int lda, const void* b,
                                   cudaDataType_t type_b, int ldb, const void* beta, void* c,
                                   cudaDataType_t type_c, int ldc, cublasComputeType_t compute,
                                   cublasGemmAlgo_t) {
  const bool fits = m > 0 && n > 0 && k > 0 && lda >= (op_a == CUBLAS_OP_N ? m : k) &&
                    ldb >= (op_b == CUBLAS_OP_N ? k : n) && ldc >= m && type_a == type_b &&
                    type_b == type_c && (type_a == CUDA_R_64F) == (compute == CUBLAS_COMPUTE_64F);
  if (!fits) return CUBLAS_STATUS_INVALID_VALUE;
  const auto enqueue = [&]<class S>(S) {
    standin::device().enqueue(
        handle->stream,
        standin::Gemm<S>{op_a, op_b, m, n, k, *static_cast<const S*>(alpha),
                         static_cast<const S*>(a), lda, static_cast<const S*>(b), ldb,
                         *static_cast<const S*>(beta), static_cast<S*>(c), ldc, compute});
  };
  if (type_a == CUDA_R_64F) {
    enqueue(double{});
  } else {
    enqueue(float{});
  }
  return CUBLAS_STATUS_SUCCESS;
}
