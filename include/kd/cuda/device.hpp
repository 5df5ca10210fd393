// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/error.hpp"

namespace kd::cuda {

/// How many devices can be used; 0 where there is none, no driver or one that is too old.
inline int device_count() {
  int count = 0;
  if (cudaGetDeviceCount(&count) == cudaSuccess) return count;
  (void)cudaGetLastError();
  return 0;
}

namespace detail {

/// Makes `device` the one that calls of this thread go to. Throws `Error` when there is no such
/// device, saying what is missing.
inline void use_device(int device) {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error == cudaErrorInsufficientDriver) {
    int driver = 0;
    int runtime = 0;
    (void)cudaDriverGetVersion(&driver);
    (void)cudaRuntimeGetVersion(&runtime);
    const auto version = [](int number) {
      return kd::detail::text(number / 1000, ".", number % 1000 / 10);
    };
    throw Error("cudaGetDeviceCount", error,
                driver == 0 ? kd::detail::text("there is no CUDA driver on this machine (",
                                               cudaGetErrorString(error), ")")
                            : kd::detail::text(cudaGetErrorString(error),
                                               ": the driver knows CUDA ", version(driver),
                                               ", this program was built for ", version(runtime)));
  }
  check(error, "cudaGetDeviceCount");
  if (device < 0 || device >= count)
    throw Error("cudaSetDevice", cudaErrorInvalidDevice,
                kd::detail::text("expected a device from 0 to ", count - 1, ", got ", device));
  check(cudaSetDevice(device), "cudaSetDevice");
}

}  // namespace detail
}  // namespace kd::cuda
