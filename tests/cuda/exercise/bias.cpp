// SPDX-License-Identifier: MIT
#include "exercise.hpp"
#include "kd/cuda/ops/linear.cuh"

using namespace exercise;

int main() {
  for (const Index out : {1, 33, 40}) {
    const Index in = 5, batch = 11;
    Block<> weight(in * out), bias(out), x(in * batch), y(out * batch), z(out * batch),
        dweight(in * out), dbias(out), dx(in * batch), dy(out * batch);
    op_linear_forward(space, weight.in(in, out), bias.in(), x.in(in, batch), y.out(out, batch));
    op_linear_relu_forward(space, weight.in(in, out), bias.in(), x.in(in, batch), y.out(out, batch),
                           z.out(out, batch));
    op_linear_backward(space, weight.in(in, out), x.in(in, batch), y.in(out, batch),
                       dweight.out(in, out), dbias.out(), Write::add, dx.out(in, batch),
                       Write::add);
    op_linear_relu_backward(space, weight.in(in, out), x.in(in, batch), z.in(out, batch),
                            y.in(out, batch), dy.out(out, batch), Write::add, dweight.out(in, out),
                            dbias.out(), Write::add, dx.out(in, batch), Write::add);
  }
  space.synchronize();
}
