// SPDX-License-Identifier: MIT
#include "kd/cpu/ops/make_unit.hpp"

#include <limits>

#include "support/catch.hpp"

using namespace kd;

TEST_CASE("columns become one long, and one without a length stays and has no gradient",
          "[cpu][make_unit]") {
  const float tiny = std::numeric_limits<float>::denorm_min();
  Matrix<float> x(2, 3);
  x << 3, 0, tiny,  //
      4, 0, 0;
  Vector<float> inverse_lengths(3);
  const cpu::Space space;
  cpu::op_make_unit<float>(space, view(x), view(inverse_lengths));
  CHECK(x.col(0).isApprox(Eigen::Vector2f(0.6F, 0.8F)));
  CHECK(inverse_lengths == Eigen::Vector3f(0.2F, 0, 0));
  CHECK((x.rightCols(2).array() == 0).all());

  Matrix<float> gradient = Matrix<float>::Ones(2, 3);
  cpu::op_make_unit_backward<float>(space, view(std::as_const(x)),
                                    view(std::as_const(inverse_lengths)), view(gradient));
  // 0.2 (g - (u.g) u), where u.g = 1.4
  CHECK(gradient.col(0).isApprox(Eigen::Vector2f(0.2F * 0.16F, 0.2F * -0.12F)));
  CHECK((gradient.rightCols(2).array() == 0).all());
}
