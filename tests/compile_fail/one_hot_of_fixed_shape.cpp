// SPDX-License-Identifier: MIT
// expect-first: labels are a vector, one class a sample; a one-hot matrix y has the classes
#include <kd/distill.hpp>

kd::Dataset data(const Eigen::MatrixXf& inputs, const Eigen::Matrix<int, 3, 10>& one_hot) {
  return kd::Dataset(inputs, one_hot);
}
