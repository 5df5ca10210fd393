// SPDX-License-Identifier: MIT
#include "kd/cuda/ops/argmax.cuh"

#include "exercise.hpp"

using namespace exercise;

int main() {
  for (const Index classes : {1, 33, 100, 1001, 1500, 8200, 8201}) {
    Block<> z(classes * 3);
    Block<Label> best(3);
    op_argmax(space, z.in(classes, 3), best.out());
  }
  space.synchronize();
}
