// SPDX-License-Identifier: MIT
// expect-first: inputs are numbers that a float can hold
#include <kd/distill.hpp>

kd::Dataset data(const Eigen::MatrixXcf& inputs, const kd::Labels& labels) {
  return kd::Dataset(inputs, labels);
}
