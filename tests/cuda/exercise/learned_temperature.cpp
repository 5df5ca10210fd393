// SPDX-License-Identifier: MIT
#include "kd/cuda/ops/learned_temperature.cuh"

#include "exercise.hpp"

using namespace exercise;

int main() {
  for (const Index classes : {10, 33}) {
    Block<> z(classes * 3), v(classes * 3), dz(classes * 3), theta(1), dtheta(1), values(3),
        slopes(3);
    op_learned_temperature(space, z.in(classes, 3), v.in(classes, 3), theta.in(), S(1), S(20), S(1),
                           S(1), dz.out(classes, 3), dtheta.out(), values.out(), slopes.out());
  }
  space.synchronize();
}
