// SPDX-License-Identifier: MIT
#include "kd/methods/wasserstein_features.hpp"

#include "kd/testing/check_method.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/maps.hpp"

using namespace kd;
using kd::test::golden;
using kd::test::golden_vector;
using kd::test::make_on_maps;
using kd::test::random_matrix;
using kd::test::relative_distance;

namespace {

using Method = WassersteinFeatures<1, 1>;

/// On maps whose channels need no convolution.
template <class F>
double distance(const Matrix<double>& student, const Matrix<double>& teacher, F&& weights) {
  const Shape maps{2, 3, 4};
  auto bench = make_on_maps(Method(weights), maps, maps, student.cols());
  map(bench.state().params()) << 1, 0, 0, 1, 0, 0;
  return bench.run(student, teacher).value;
}

}  // namespace

TEST_CASE("distances of Gaussians pass the checks of a method", "[methods][wasserstein_features]") {
  const auto at_map = kd::testing::check_method<kd::test::MapTeacher, kd::test::MapStudent>(
      WassersteinFeatures<1, 1>{}, {.allocations = kd::test::allocations});
  INFO(at_map.message());
  CHECK(at_map.passed());
  // The teacher's maps have one element.
  const auto at_means = kd::testing::check_method<kd::test::MapTeacher, kd::test::MapStudent>(
      WassersteinFeatures<3, 1>{{.mean_weight = 2, .deviation_weight = 3}}, {.batch = 3});
  INFO(at_means.message());
  CHECK(at_means.passed());
}

TEST_CASE("distances of Gaussians are what PyTorch gives", "[methods][wasserstein_features]") {
  const std::string name = "wasserstein_features/";
  const Matrix<double> student = golden(name + "student");
  const Matrix<double> teacher = golden(name + "teacher");
  auto bench = make_on_maps(Method{}, {3, 4, 3}, {5, 2, 5}, student.cols());
  REQUIRE(bench.state().params().size == 5 * 3 + 5);
  map(bench.state().params()) << golden(name + "weight").reshaped(), golden_vector(name + "bias");

  const auto loss = bench.run(student, teacher);
  const Vector<double> gradient = map(bench.state().grads());
  CHECK_THAT(loss.value, WithinRel(golden_vector(name + "value")(0), 1e-12));
  CHECK(relative_distance(loss.gradient, golden(name + "dstudent"), 1e-9) < 1e-9);
  CHECK(relative_distance(gradient.head(15), golden(name + "dweight").reshaped(), 1e-9) < 1e-9);
  CHECK(relative_distance(gradient.tail(5), golden_vector(name + "dbias"), 1e-9) < 1e-9);
}

TEST_CASE("Gaussians do not tell where on a map features are", "[methods][wasserstein_features]") {
  const Matrix<double> teacher = random_matrix<double>(24, 3, 1);
  const Matrix<double> moved = teacher.reshaped(12, 6).colwise().reverse().reshaped(24, 3);
  CHECK_THAT(distance(moved, teacher, WassersteinFeaturesOptions{}), WithinAbs(0, 1e-20));
  const Matrix<double> shifted = teacher.array() + 2;
  CHECK_THAT(distance(shifted, teacher,
                      WassersteinFeaturesOptions{.mean_weight = 1, .deviation_weight = 1}),
             WithinRel(2 * 4., 1e-12));
  const Matrix<double> wide = 3 * teacher;
  CHECK(distance(wide, teacher,
                 WassersteinFeaturesOptions{.mean_weight = 0, .deviation_weight = 1}) > 0.1);
}

TEST_CASE("weights of distances of Gaussians are checked", "[methods][wasserstein_features]") {
  CHECK_THROWS_WITH(Method({.mean_weight = -1}),
                    "WassersteinFeatures: mean_weight must be zero or more and finite, got -1");
  CHECK_THROWS_WITH(
      Method({.deviation_weight = -1}),
      "WassersteinFeatures: deviation_weight must be zero or more and finite, got -1");
}
