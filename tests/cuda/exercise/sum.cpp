// SPDX-License-Identifier: MIT
#include "kd/cuda/ops/sum.cuh"

#include "exercise.hpp"

using namespace exercise;

int main() {
  for (const Index size : {1, 33, 1001, 5000}) {
    Block<> x(size);
    Block<double> sum(1);
    op_add_sum(space, x.in(), sum.out());
    op_add_square_sum(space, x.in(), sum.out());
  }
  space.synchronize();
}
