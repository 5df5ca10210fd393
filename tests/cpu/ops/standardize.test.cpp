// SPDX-License-Identifier: MIT
#include "kd/cpu/ops/standardize.hpp"

#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::random_matrix;

namespace {

const cpu::Space space;

Matrix<double> standardized(const Matrix<double>& x, Vector<double>& deviations) {
  Matrix<double> y(x.rows(), x.cols());
  cpu::op_standardize<double>(space, view(x), view(y), view(deviations));
  return y;
}

}  // namespace

TEST_CASE("samples are standardised one by one", "[cpu][standardize]") {
  Matrix<double> x(3, 2);
  x << 1, 5,  //
      2, 5,   //
      6, 5;
  Vector<double> deviations(2);
  const Matrix<double> y = standardized(x, deviations);
  CHECK_THAT(deviations(0), WithinRel(std::sqrt(7.), 1e-12));  // (4 + 1 + 9) / 2
  CHECK(deviations(1) == 0);
  const Eigen::Vector3d expected = Eigen::Vector3d(-2, -1, 3) / (std::sqrt(7.) + 1e-7);
  CHECK(y.col(0).isApprox(expected, 1e-12));
  CHECK((y.col(1).array() == 0).all());
}

TEST_CASE("the gradient of standardised samples is that of central differences",
          "[cpu][standardize]") {
  const Matrix<double> x = random_matrix<double>(4, 3, 1);
  const Matrix<double> dy = random_matrix<double>(4, 3, 2).array() + 0.5;  // its mean counts
  Vector<double> deviations(3);
  const Matrix<double> y = standardized(x, deviations);
  Matrix<double> dx = Matrix<double>::Ones(4, 3);  // added to
  cpu::op_standardize_backward<double>(space, view(y), view(std::as_const(deviations)), view(dy),
                                       view(dx));
  constexpr double step = 1e-6;
  for (Index j = 0; j < x.cols(); ++j)
    for (Index i = 0; i < x.rows(); ++i) {
      const auto moved = [&](double by) {
        Matrix<double> there = x;
        there(i, j) += by;
        return (standardized(there, deviations).array() * dy.array()).sum();
      };
      CHECK_THAT(dx(i, j), WithinAbs(1 + (moved(step) - moved(-step)) / (2 * step), 1e-6));
    }
}
