// SPDX-License-Identifier: MIT
#include "kd/cuda/ops/layer_norm.cuh"

#include "exercise.hpp"

using namespace exercise;

int main() {
  for (const Index features : {1, 33, 40}) {
    const Index batch = 11;
    Block<> weight(features), bias(features), x(features * batch), y(features * batch),
        moments(2 * batch), dweight(features), dbias(features), dx(features * batch);
    op_layer_norm_forward(space, weight.in(), bias.in(), S(1e-5), x.in(features, batch),
                          y.out(features, batch), moments.out(2, batch));
    op_layer_norm_backward(space, weight.in(), x.in(features, batch), moments.in(2, batch),
                           y.in(features, batch), dweight.out(), dbias.out(), Write::add,
                           dx.out(features, batch), Write::add);
  }
  space.synchronize();
}
