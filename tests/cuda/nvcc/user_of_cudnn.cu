// SPDX-License-Identifier: MIT
//
// A network of images whose convolutions are cuDNN's, as a user's file has it.

#include <kd/cudnn.hpp>

using Net =
    kd::Sequential<kd::Image<1, 28, 28>, kd::Conv2d<8, 3, kd::Window{.stride = 2, .pad = 1}>,
                   kd::BatchNorm, kd::ReLU, kd::DepthwiseConv2d<3>, kd::Conv2d<16, 1>, kd::ReLU,
                   kd::GlobalAvgPool, kd::Linear<16, 10>>;

template <kd::Real S>
void train(const kd::Dataset& data) {
  const kd::cuda::Space space({.convolutions = kd::cuda::cudnn});
  kd::Network<Net, kd::cuda::Space, S> network(kd::Rng(1), space);
  kd::fit(network, data, kd::CrossEntropy{}, kd::Adam{}, {.epochs = 1, .batch_size = 8});
}

int main(int argc, char**) {
  if (argc < 2) return 0;
  const kd::Dataset data(kd::Matrix<float>::Zero(784, 16), kd::Labels::Zero(16), 10);
  train<float>(data);
  train<double>(data);
}
