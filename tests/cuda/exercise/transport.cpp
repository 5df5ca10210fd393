// SPDX-License-Identifier: MIT
#include "kd/cuda/ops/transport.cuh"

#include "exercise.hpp"

using namespace exercise;

int main() {
  for (const Index classes : {2, 33, 150}) {
    const Index batch = 3, rounds = 2, rows = (9 + 2 * rounds) * classes;
    Block<> z(classes * batch), v(classes * batch), kernel(classes * classes),
        costs(classes * classes), dz(classes * batch), values(batch), room(rows * batch);
    Block<Label> labels(batch);
    op_transport(space, z.in(classes, batch), v.in(classes, batch), labels.in(),
                 kernel.in(classes, classes), costs.in(classes, classes), S(2), rounds, S(1),
                 dz.out(classes, batch), values.out(), room.out(rows, batch));
  }
  space.synchronize();
}
