// SPDX-License-Identifier: MIT
#pragma once

#include <cublas_v2.h>
#include <cuda_runtime.h>

#include <stdexcept>
#include <string>

#include "kd/core/error.hpp"

namespace kd::cuda {

/// CUDA, cuBLAS or cuDNN refused a call: which one, and why in CUDA's own words.
struct Error : std::runtime_error {
  Error(std::string failed_call, int error_code, const std::string& what)
      : std::runtime_error(failed_call + ": " + what),
        call(std::move(failed_call)),
        code(error_code) {}
  std::string call;
  int code;  ///< of `cudaError_t`, `cublasStatus_t` or `cudnnStatus_t`
};

namespace detail {

/// Whether an error has destroyed the device's context, so that nothing after it can succeed.
inline bool is_sticky(cudaError_t error) {
  switch (error) {
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
      return true;
    default:
      return false;
  }
}

[[noreturn]] inline void fail(cudaError_t error, const std::string& call) {
  (void)cudaGetLastError();  // an error that is not sticky is over with this exception
  std::string what = kd::detail::text(cudaGetErrorName(error), ", ", cudaGetErrorString(error));
  if (is_sticky(error))
    what +=
        " (some earlier kernel failed; no call to this device can succeed before the process "
        "starts anew)";
  throw Error(call, error, what);
}

inline void check(cudaError_t error, const char* call) {
  if (error != cudaSuccess) fail(error, call);
}

inline void check(cublasStatus_t status, const char* call) {
  if (status != CUBLAS_STATUS_SUCCESS) throw Error(call, status, cublasGetStatusString(status));
}

}  // namespace detail
}  // namespace kd::cuda
