// SPDX-License-Identifier: MIT
#include "kd/cuda/ops/dropout.cuh"

#include "exercise.hpp"

using namespace exercise;

int main() {
  for (const Index size : {1, 33, 100, 1001, 5000}) {
    Block<> x(size), mask(size), y(size);
    op_dropout_forward(space, kd::Rng(1), 0.5, x.in(), mask.out(), y.out());
  }
  space.synchronize();
}
