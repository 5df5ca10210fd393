// SPDX-License-Identifier: MIT
#include "exercise.hpp"
#include "kd/cuda/ops/relu.cuh"

using namespace exercise;

int main() {
  for (const Index size : {1, 33, 100, 1001, 5000}) {
    Block<> x(size), y(size), dx(size);
    op_relu_forward(space, x.in(), y.out());
    op_relu_backward(space, y.in(), x.in(), dx.out(), Write::add);
  }
  space.synchronize();
}
