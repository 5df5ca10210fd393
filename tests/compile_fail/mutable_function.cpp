// SPDX-License-Identifier: MIT
// expect-first: is called as const: a lambda must not be mutable
#include <kd/distill.hpp>

void make() {
  const kd::FunctionTeacher teacher(10, [n = 0](const kd::MatrixRef<float>& x) mutable {
    return kd::Matrix<float>(kd::Matrix<float>::Constant(10, x.cols(), static_cast<float>(++n)));
  });
}
