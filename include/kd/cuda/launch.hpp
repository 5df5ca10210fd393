// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/space.hpp"

namespace kd::cuda::detail {

/// Puts a kernel into the stream of a space; `name` is for the message when that fails.
template <class... Parameters, class... Arguments>
void launch(const Space& space, const char* name, Index blocks, unsigned threads,
            void (*kernel)(Parameters...), Arguments... arguments) {
  if (blocks == 0) return;
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(static_cast<unsigned>(blocks));
  config.blockDim = dim3(threads);
  config.stream = space.stream();
  check(cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...), name);
}

inline constexpr Index ceil_div(Index a, Index b) { return (a + b - 1) / b; }

}  // namespace kd::cuda::detail
