// SPDX-License-Identifier: MIT
// expect-first: labels are integers: labels.cast<kd::Label>\(\); a one-hot matrix y has the classes
#include <kd/distill.hpp>

kd::Dataset data(const Eigen::MatrixXf& inputs, const Eigen::MatrixXf& one_hot) {
  return kd::Dataset(inputs, one_hot);
}
