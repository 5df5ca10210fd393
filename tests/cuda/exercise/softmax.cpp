// SPDX-License-Identifier: MIT
#include "exercise.hpp"
#include "kd/cuda/ops/reverse_kl.cuh"

using namespace exercise;

int main() {
  for (const Index classes : {1, 33, 100, 1001, 1500, 8200, 8201}) {
    Block<> z(classes * 3), v(classes * 3), dz(classes * 3), values(3);
    op_reverse_kl(space, z.in(classes, 3), v.in(classes, 3), S(2), S(1), dz.out(classes, 3),
                  values.out());
  }
  space.synchronize();
}
