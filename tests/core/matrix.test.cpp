// SPDX-License-Identifier: MIT
#include "kd/core/matrix.hpp"

#include <numeric>
#include <vector>

#include "support/catch.hpp"

TEST_CASE("a view is mapped without a copy", "[core][matrix]") {
  std::vector<float> numbers(6);
  std::iota(numbers.begin(), numbers.end(), 0.F);
  const kd::MatrixView<float> x(numbers.data(), 2, 3);
  auto m = kd::map(x);
  STATIC_REQUIRE(decltype(m)::RowsAtCompileTime == Eigen::Dynamic);
  CHECK(m(1, 2) == 5);
  CHECK(m(0, 1) == 2);
  m(0, 1) = 20;
  CHECK(numbers[2] == 20);
  kd::array(x.flat()) *= 2;
  CHECK(numbers[5] == 10);

  const kd::MatrixView<const float> fixed = x;
  CHECK(kd::map(fixed).data() == numbers.data());
  CHECK(kd::map(fixed.flat()).size() == 6);
}

TEST_CASE("parts of a view", "[core][matrix]") {
  std::vector<int> numbers(12);
  std::iota(numbers.begin(), numbers.end(), 0);
  const kd::MatrixView<int> x(numbers.data(), 3, 4);
  CHECK(x.size() == 12);
  CHECK(x.left_cols(2).cols == 2);
  CHECK(x.middle_cols(1, 2).data == numbers.data() + 3);
  CHECK(x.middle_cols(1, 2).cols == 2);
  CHECK(x.flat().slice(4, 3).data == numbers.data() + 4);
  CHECK(x.flat().slice(4, 3).size == 3);
  CHECK(kd::MatrixView<int>{}.empty());
  CHECK(kd::VectorView<int>{}.empty());
  CHECK_FALSE(x.empty());
}

TEST_CASE("a view to read does not become one to change", "[core][matrix]") {
  STATIC_REQUIRE(std::is_convertible_v<kd::MatrixView<int>, kd::MatrixView<const int>>);
  STATIC_REQUIRE_FALSE(std::is_convertible_v<kd::MatrixView<const int>, kd::MatrixView<int>>);
  STATIC_REQUIRE_FALSE(std::is_convertible_v<kd::MatrixView<float>, kd::MatrixView<const double>>);
  STATIC_REQUIRE(std::is_convertible_v<kd::VectorView<int>, kd::VectorView<const int>>);
  STATIC_REQUIRE_FALSE(std::is_convertible_v<kd::VectorView<const int>, kd::VectorView<int>>);
}

TEST_CASE("Eigen's matrices as views", "[core][matrix]") {
  kd::Matrix<double> m(2, 3);
  m << 1, 2, 3, 4, 5, 6;
  const auto x = kd::view(m);
  CHECK(x.rows == 2);
  CHECK(x.cols == 3);
  CHECK(x.data[1] == 4);
  const kd::Matrix<double>& fixed = m;
  STATIC_REQUIRE(std::is_same_v<decltype(kd::view(fixed)), kd::MatrixView<const double>>);
  kd::Labels labels(2);
  labels << 1, 2;
  STATIC_REQUIRE(std::is_same_v<decltype(kd::view(labels)), kd::VectorView<kd::Label>>);
  CHECK(kd::view(labels).data[1] == 2);
}
