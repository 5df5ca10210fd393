// SPDX-License-Identifier: MIT
#include "kd/cuda/ops/cross_entropy.cuh"

#include "exercise.hpp"

using namespace exercise;

int main() {
  for (const Index classes : {1, 33, 100, 1001, 1500, 8200, 8201}) {
    Block<> z(classes * 3), dz(classes * 3), values(3);
    kd::Buffer<Label, Space> labels(3, space);
    op_cross_entropy(space, z.in(classes, 3), kd::VectorView<const Label, Space>(labels.view()),
                     S(1), dz.out(classes, 3), Write::add, values.out());
  }
  space.synchronize();
}
