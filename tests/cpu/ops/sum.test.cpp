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

TEMPLATE_TEST_CASE("squares are added to a total, in double where their sum is no number",
                   "[cpu][sum]", float, double) {
  using S = TestType;
  for (const Index size : {1, 19, 2048, 5000}) {
    CAPTURE(size);
    Vector<S> values = random_matrix<S>(size, 1, 1).col(0);
    const auto squares = [&] {
      double total = 2;
      cpu::op_add_square_sum<S>(space, view(values), VectorView<double>(&total, 1));
      return total - 2;
    };
    const auto expected = [&] { return values.template cast<double>().squaredNorm(); };
    CHECK(squares() == Approx(expected()).epsilon(1e-5));
    values(size / 2) = S(1e30F);
    CHECK(squares() == Approx(expected()).epsilon(1e-5));
  }
}
