// SPDX-License-Identifier: MIT

#include "kd/cpu/ops/argmax.hpp"

#include "kd/core/matrix.hpp"
#include "support/catch.hpp"

using namespace kd;

namespace {

constexpr cpu::Space space{};

}  // namespace

TEST_CASE("the first of the largest logits is the class", "[cpu][argmax]") {
  Matrix<float> z(3, 4);
  z << 1, 5, 2, -3,  //
      3, 5, 2, -1,   //
      2, 4, 2, -2;
  Labels classes(4);
  cpu::op_argmax<float>(space, view(std::as_const(z)), view(classes));
  CHECK(classes(0) == 1);
  CHECK(classes(1) == 0);
  CHECK(classes(2) == 0);
  CHECK(classes(3) == 1);
}
