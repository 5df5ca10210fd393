// SPDX-License-Identifier: MIT
#include "kd/cuda/rows.cuh"

#include "exercise.hpp"
#include "kd/cuda/block.cuh"
#include "kd/cuda/launch.hpp"

using namespace exercise;
using namespace kd::cuda::detail;

// Of 128 threads: newer ThreadSanitizers remember no more than 255.
__global__ void sum_twice(S* out) {
  const S sum = row_reduce<4>(out[threadIdx.x], Sum{});
  out[threadIdx.x] = row_reduce<4>(sum, Sum{});
}

int main() {
  Block<> x(128);
  launch(space, "sum twice", 1, 128, sum_twice, x.out().data);
  space.synchronize();
}
