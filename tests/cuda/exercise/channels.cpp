// SPDX-License-Identifier: MIT
#include "exercise.hpp"
#include "kd/cuda/ops/batch_norm.cuh"
#include "kd/cuda/ops/conv2d.cuh"

using namespace exercise;

int main() {
  for (const Index channels : {1, 3})
    for (const Index area : {1, 35, 90}) {
      const Index batch = 7;
      const kd::Shape maps{channels, area, 1};
      const kd::ConvShape pointwise{maps, maps};
      const Index size = channels * area;
      Block<> weight(channels * channels), bias(channels), x(size * batch), dx(size * batch),
          moments(2 * channels);
      op_batch_moments(space, maps, x.in(size, batch), moments.out());
      op_batch_norm_backward(space, maps, moments.in(), 1e-5, bias.in(), x.in(size, batch),
                             x.in(size, batch), bias.out(), bias.out(), Write::add,
                             dx.out(size, batch), Write::add);
      op_conv2d_backward_params(space, pointwise, x.in(size, batch), dx.in(size, batch),
                                weight.out(), bias.out(), Write::add);
    }
  space.synchronize();
}
