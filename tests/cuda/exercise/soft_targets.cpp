// SPDX-License-Identifier: MIT
#include "kd/cuda/ops/soft_targets.cuh"

#include "exercise.hpp"

using namespace exercise;

int main() {
  for (const Index classes : {1, 33, 100, 1001, 1500, 8200, 8201}) {
    Block<> z(classes * 3), v(classes * 3), dz(classes * 3), hard(3), soft(3);
    kd::Buffer<Label, Space> labels(3, space);
    op_soft_targets(space, z.in(classes, 3), v.in(classes, 3),
                    kd::VectorView<const Label, Space>(labels.view()), S(2), S(1), S(1),
                    dz.out(classes, 3), kd::Write::add, hard.out(), soft.out());
  }
  space.synchronize();
}
