// SPDX-License-Identifier: MIT
#include "kd/cuda/ops/correlation_kd.cuh"

#include "exercise.hpp"

using namespace exercise;

int main() {
  for (const Index classes : {1, 33, 64})
    for (const Index batch : {3, 20}) {
      const Index size = classes * batch;
      Block<> z(size), v(size), q(size), p(size), dq(size), dz(size), inter(batch), intra(classes);
      op_correlation_kd(space, z.in(classes, batch), v.in(classes, batch), S(2), S(1), S(1),
                        q.out(classes, batch), p.out(classes, batch), dq.out(classes, batch),
                        dz.out(classes, batch), inter.out(), intra.out());
    }
  space.synchronize();
}
