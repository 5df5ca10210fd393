// SPDX-License-Identifier: MIT
#include "kd/data/standardization.hpp"

#include <limits>

#include "kd/train/evaluate.hpp"
#include "kd/train/fold_standardization.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::random_labels;
using kd::test::random_matrix;

namespace {

using Net = Sequential<Linear<3, 5>, ReLU, Linear<5, 2>>;

/// Features of unlike means and deviations, of which the second is constant.
Matrix<float> unlike(Index samples, std::uint64_t seed) {
  Matrix<float> x = random_matrix<float>(3, samples, seed);
  x.row(0) = (x.row(0).array() * 50 + 1000).matrix();
  x.row(1).setConstant(0.1F);
  x.row(2) *= 1e-3F;
  return x;
}

}  // namespace

TEST_CASE("standardised features have mean 0 and deviation 1", "[data][standardization]") {
  const Matrix<float> x = unlike(1000, 1);
  const Dataset data = Dataset(x, random_labels(1000, 2, 2), 2).with_targets(x);
  const Standardization standard(data);
  CHECK(standard.mean()(1) == static_cast<double>(0.1F));
  CHECK(standard.deviation()(1) == 1);
  const Dataset applied = standard.apply(data);
  const Matrix<double> z = applied.inputs().cast<double>();
  CHECK(z.rowwise().mean().isZero(1e-6));
  CHECK(z.row(0).squaredNorm() / 1000 == Approx(1).epsilon(1e-6));
  CHECK(z.row(1).isZero(0));
  CHECK(z.row(2).squaredNorm() / 1000 == Approx(1).epsilon(1e-6));
  CHECK(map(applied.labels()) == map(data.labels()));
  CHECK(map(applied.targets()) == x);
  CHECK(standard.apply(x) == applied.inputs());
  CHECK_FALSE(applied.identity() == data.identity());

  const Matrix<float> others = unlike(10, 3);
  const Dataset other(others);
  const Matrix<double> expected = standard.deviation().cwiseInverse().asDiagonal() *
                                  (others.cast<double>().colwise() - standard.mean());
  CHECK(standard.apply(other).inputs().isApprox(expected.cast<float>(), 1e-6F));
  const Standardization again(standard.mean(), standard.deviation());
  CHECK(again.apply(others) == standard.apply(others));
}

TEST_CASE("bytes are standardised as they are seen, and slices are data sets of their own",
          "[data][standardization]") {
  const Bytes bytes = (random_matrix<float>(4, 60, 1).array() * 100 + 120).cast<std::uint8_t>();
  const Dataset data(bytes, random_labels(60, 3, 1), 3);
  const Dataset part = data.slice(20, 30);
  const Standardization standard(part);
  const Dataset applied = standard.apply(part);
  CHECK(applied.inputs().rowwise().mean().isZero(1e-6F));
  CHECK(applied.inputs().isApprox(standard.apply(part.inputs()), 1e-5F));
  CHECK(applied.first() == 0);
  CHECK(applied.whole_size() == 30);
  CHECK(map(applied.labels()) == map(part.labels()));
  CHECK(applied.identity() == Dataset(applied.inputs(), Labels(map(part.labels()))).identity());
}

TEMPLATE_TEST_CASE("a network that a standardisation is folded into takes inputs as they are",
                   "[data][standardization]", float, double) {
  const Matrix<float> x = unlike(200, 1);
  const Dataset data(x, random_labels(200, 2, 2), 2);
  const Standardization standard(data);
  Network<Net, cpu::Space, TestType> network(Rng(3));
  const Matrix<TestType> inputs = x.cast<TestType>();
  const Matrix<TestType> expected = network.predict(standard.apply(inputs));
  const double loss = evaluate(network, standard.apply(data)).loss;
  fold_standardization(standard, network);
  const TestType near = std::same_as<TestType, float> ? TestType(1e-4) : TestType(1e-12);
  CHECK((network.predict(inputs) - expected).cwiseAbs().maxCoeff() < near);
  CHECK(evaluate(network, data).loss == Approx(loss).epsilon(1e-4));

  const Vector<TestType> before = map(network.params());
  fold_standardization(Standardization(Vector<double>::Zero(3), Vector<double>::Ones(3)), network);
  CHECK(map(network.params()) == before);
}

TEST_CASE("a standardisation that does not fit is refused", "[data][standardization]") {
  const Standardization standard(Dataset(unlike(20, 1)));
  CHECK_THROWS_WITH(standard.apply(Matrix<float>(Matrix<float>::Zero(2, 4))),
                    "Standardization: expected 3 features a sample, as where it was made, got 2");
  CHECK_THROWS_AS(standard.apply(Dataset(Matrix<float>(Matrix<float>::Zero(2, 4)))), ShapeError);
  CHECK_THROWS_AS(Standardization(Vector<double>::Zero(3), Vector<double>::Zero(3)), DataError);
  CHECK_THROWS_AS(Standardization(Vector<double>::Zero(3), Vector<double>::Ones(2)), ShapeError);
  CHECK_THROWS_AS(
      Standardization(Vector<double>::Constant(1, std::nan("")), Vector<double>::Ones(1)),
      DataError);
  // What is beyond a float is not kept.
  const Standardization tiny(Vector<double>::Zero(3), Vector<double>::Constant(3, 1e-300));
  CHECK_THROWS_AS(tiny.apply(Dataset(unlike(20, 1))), DataError);
  Network<Net> network(Rng(1));
  const Vector<float> before = map(network.params());
  CHECK_THROWS_WITH(fold_standardization(tiny, network),
                    StartsWith("fold_standardization: a weight of the first layer would not be "
                               "finite in float, of feature or output 0"));
  CHECK_THROWS_AS(fold_standardization(
                      Standardization(Vector<double>::Zero(2), Vector<double>::Ones(2)), network),
                  ShapeError);
  CHECK(map(network.params()) == before);
}
