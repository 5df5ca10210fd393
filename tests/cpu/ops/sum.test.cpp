// SPDX-License-Identifier: MIT

#include "kd/cpu/ops/sum.hpp"

#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::random_matrix;

namespace {

constexpr cpu::Space space{};

}  // namespace

TEST_CASE("sums are added to a total", "[cpu][sum]") {
  const Vector<float> values = random_matrix<float>(1000, 1, 1);
  double total = 2;
  cpu::op_add_sum<float>(space, view(values), VectorView<double>(&total, 1));
  CHECK(total == Approx(2 + values.cast<double>().sum()).epsilon(1e-14));
}
