// SPDX-License-Identifier: MIT
#include "kd/teachers/cached_teacher.hpp"

#include <cmath>

#include "kd/distill/distiller.hpp"
#include "kd/methods/soft_targets.hpp"
#include "kd/nn/dropout.hpp"
#include "kd/nn/linear.hpp"
#include "kd/nn/relu.hpp"
#include "kd/optim/adam.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::random_matrix;

namespace {

using Big = Sequential<Linear<12, 30>, Dropout, ReLU, Linear<30, 4>>;
using Small = Sequential<Linear<12, 5>, ReLU, Linear<5, 4>>;

Dataset samples(Index count = 100, Index features = 12) {
  return {random_matrix<float>(features, count, 1), kd::test::random_labels(count, 4, 2), 4};
}

/// The logits of these samples, whatever they are in the data set.
template <class T>
Matrix<float> logits_of(const T& teacher, const Dataset& data, const Vector<Index>& indices) {
  Matrix<float> inputs(data.features(), indices.size());
  Labels labels(indices.size());
  const Matrix<float> all = data.inputs();
  for (Index b = 0; b < indices.size(); ++b) {
    inputs.col(b) = all.col(indices(b));
    labels(b) = data.labels().data[indices(b)];
  }
  auto room = teacher.make_workspace(indices.size());
  return map(teacher.logits(
      Batch<float>{view(std::as_const(inputs)), view(std::as_const(labels)), view(indices)}, room));
}

}  // namespace

TEST_CASE("a cached teacher says what the live one says, by index", "[teachers][cached_teacher]") {
  const Network<Big> teacher(Rng(1));
  const Dataset data = samples();
  for (const Index batch_size : {1, 7, 100, 256}) {
    const CachedTeacher cached(teacher, data, batch_size);
    CHECK(cached.size() == 100);
    CHECK(cached.num_classes() == 4);
    STATIC_REQUIRE(decltype(cached)::static_classes == 4);
    Vector<Index> indices(5);
    indices << 99, 0, 42, 42, 7;
    const Matrix<float> live = logits_of(teacher, data, indices);
    CHECK(logits_of(cached, data, indices).isApprox(live, 1e-5F));
  }
}

TEST_CASE("a cached teacher trains the student that the live one trains",
          "[teachers][cached_teacher]") {
  const Network<Big> teacher(Rng(1));
  const Dataset data = samples();
  const auto train = [&](const auto& by) {
    Network<Small> student(Rng(2));
    Distiller distiller(by, student, SoftTargets({.temperature = 2}));
    distiller.fit(data, Adam{}, {.epochs = 3, .batch_size = 16});
    return Vector<float>(map(student.params()));
  };
  const CachedTeacher cached(teacher, data);
  CHECK(train(cached).isApprox(train(teacher), 1e-4F));
}

TEST_CASE("logits from elsewhere teach", "[teachers][cached_teacher]") {
  const Matrix<float> logits = random_matrix<float>(4, 100, 5);
  const CachedTeacher cached(logits);
  STATIC_REQUIRE(decltype(cached)::static_classes == dynamic);
  Vector<Index> indices(2);
  indices << 3, 98;
  const Matrix<float> got = logits_of(cached, samples(), indices);
  CHECK(got.col(0) == logits.col(3));
  CHECK(got.col(1) == logits.col(98));

  const Matrix<float> wide = random_matrix<float>(6, 100, 5);
  const CachedTeacher part(wide.middleRows(1, 4));  // gaps between the columns
  CHECK(logits_of(part, samples(), indices).col(1) == wide.col(98).segment(1, 4));
  STATIC_REQUIRE(std::is_same_v<decltype(CachedTeacher(Matrix<double>()))::Scalar, double>);
}

TEST_CASE("a cached teacher refuses what does not fit", "[teachers][cached_teacher]") {
  const Network<Big> teacher(Rng(1));
  const Dataset narrow = samples(100, 11);
  CHECK_THROWS_AS(CachedTeacher(teacher, narrow), ShapeError);
  CHECK_THROWS_WITH(CachedTeacher(teacher, narrow),
                    "CachedTeacher: expected 12 features a sample, as the model takes, got 11");
  CHECK_THROWS_AS(CachedTeacher(teacher, samples(), 0), ConfigError);

  CHECK_THROWS_AS(CachedTeacher(Matrix<float>()), DataError);
  CHECK_THROWS_WITH(CachedTeacher(Matrix<float>(4, 0)),
                    "CachedTeacher: expected finite logits (classes, samples), got (4, 0)");
  Matrix<float> broken = Matrix<float>::Zero(4, 3);
  broken(1, 2) = std::nanf("");
  CHECK_THROWS_WITH(
      CachedTeacher(broken),
      "CachedTeacher: expected finite logits (classes, samples), got (4, 3) with NaN or infinity");

  // Logits of other samples than those that are trained on.
  const CachedTeacher cached(teacher, samples(100));
  Network<Small> student(Rng(2));
  const Vector<float> before = map(student.params());
  Distiller distiller(cached, student, SoftTargets());
  CHECK_THROWS_AS(distiller.fit(samples(99), Adam{}), ShapeError);
  CHECK_THROWS_WITH(
      distiller.fit(samples(99), Adam{}),
      "CachedTeacher: knows a data set of 100 samples with 12 features, got one of 99 with "
      "12");
  CHECK(map(student.params()) == before);

  auto room = cached.make_workspace(1);
  const Matrix<float> x = Matrix<float>::Zero(12, 1);
  const Labels y = Labels::Zero(1);
  for (const Index bad : {-1, 100}) {
    const Batch<float> batch{view(x), view(y), VectorView<const Index>(&bad, 1)};
    CHECK_THROWS_AS(cached.logits(batch, room), DataError);
  }
}

TEST_CASE("a table of probabilities is refused, unless it is meant", "[teachers][cached_teacher]") {
  Matrix<double> p(3, 4);
  p << 0.7, 0.1, 0, 0.333,  //
      0.2, 0.8, 1, 0.333,   //
      0.1, 0.1, 0, 0.333;
  CHECK_THROWS_AS(CachedTeacher(p), DataError);
  CHECK_THROWS_WITH(CachedTeacher(p),
                    ContainsSubstring("CachedTeacher: these look like probabilities, not logits"));
  CHECK_NOTHROW(CachedTeacher(p, {.accept_probabilities = true}));
  CHECK_NOTHROW(CachedTeacher(p.leftCols(1)));
  Matrix<double> logits = p;
  logits(0, 2) = -0.01;
  CHECK_NOTHROW(CachedTeacher(logits));
  logits = 0.9 * p;
  CHECK_NOTHROW(CachedTeacher(logits));
  CHECK_NOTHROW(CachedTeacher(Matrix<double>::Ones(1, 5)));  // with one class all is 1
}
