// SPDX-License-Identifier: MIT
#include "kd/cuda/ops/gaussian_likelihood.cuh"

#include "exercise.hpp"

using namespace exercise;

int main() {
  for (const Index features : {1, 33, 64, 1500}) {
    const Index size = features * 11;
    Block<> y(size), target(size), spread(features), dy(size), dspread(features), values(11);
    op_gaussian_likelihood(space, y.in(features, 11), target.in(features, 11), spread.in(), S(1),
                           dy.out(features, 11), dspread.out(), values.out());
  }
  space.synchronize();
}
