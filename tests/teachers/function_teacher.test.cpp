// SPDX-License-Identifier: MIT
#include "kd/teachers/function_teacher.hpp"

#include <functional>

#include "kd/methods/soft_targets.hpp"
#include "kd/teachers/cached_teacher.hpp"
#include "kd/testing/check_method.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::random_labels;
using kd::test::random_matrix;

TEST_CASE("a student learns from a lambda what it learns from the network inside",
          "[teachers][function_teacher]") {
  using Net = Sequential<Linear<5, 4>>;
  const Network<Net> network(Rng(1));
  const FunctionTeacher lambda(
      4, [&](const MatrixRef<float>& inputs) { return network.predict(inputs); });
  const Dataset data(random_matrix<float>(5, 30, 3), random_labels(30, 4, 4), 4);
  Network<Net> one(Rng(2));
  Network<Net> other(Rng(2));
  const FitOptions options{.epochs = 2, .batch_size = 8};
  Distiller(network, one, SoftTargets{}).fit(data, Adam{}, options);
  Distiller(lambda, other, SoftTargets{}).fit(data, Adam{}, options);
  CHECK(map(one.params()).isApprox(map(other.params()), 1e-5F));
}

TEST_CASE("a lambda may return any Eigen expression, in double too",
          "[teachers][function_teacher]") {
  const Network<kd::testing::SmallStudent, cpu::Space, double> student(Rng(1));
  const Matrix<double> weights = random_matrix<double>(4, 5, 2);
  const FunctionTeacher teacher(
      4, [&](const MatrixRef<double>& inputs) { return (weights * inputs).eval(); });
  const auto report = kd::testing::check_method(SoftTargets{}, teacher, student);
  INFO(report.message());
  CHECK(report.passed());
}

TEST_CASE("logits of another shape are refused", "[teachers][function_teacher]") {
  const Matrix<float> inputs = random_matrix<float>(5, 3, 1);
  const Batch<float> batch{view(inputs), {}, {}};
  const auto ask = [&](Index rows, Index cols) {
    const FunctionTeacher teacher(
        4, [=](const MatrixRef<float>&) { return Matrix<float>(Matrix<float>::Zero(rows, cols)); });
    auto room = teacher.make_workspace(3);
    teacher.logits(batch, room);
  };
  CHECK_NOTHROW(ask(4, 3));
  CHECK_THROWS_AS(ask(3, 4), ShapeError);
  CHECK_THROWS_WITH(ask(3, 4), "FunctionTeacher: expected 4 classes in the logits, got 3");
  CHECK_THROWS_WITH(ask(4, 2), "FunctionTeacher: expected 3 samples in the logits, got 2");
  CHECK_THROWS_AS(FunctionTeacher(0, [](const MatrixRef<float>& x) { return Matrix<float>(x); }),
                  ConfigError);
}

TEST_CASE("a lambda that says NaN stops training, and the student keeps its weights",
          "[teachers][function_teacher]") {
  using Net = Sequential<Linear<5, 4>>;
  const FunctionTeacher teacher(4, [](const MatrixRef<float>& inputs) {
    return Matrix<float>(Matrix<float>::Constant(4, inputs.cols(), std::nanf("")));
  });
  Network<Net> student(Rng(2));
  const Vector<float> before = map(student.params());
  const Dataset data(random_matrix<float>(5, 30, 3), random_labels(30, 4, 4), 4);
  Distiller distiller(teacher, student, SoftTargets{});
  CHECK_THROWS_AS(distiller.fit(data, Adam{}), NumericError);
  CHECK(map(student.params()) == before);
}

TEST_CASE("a function that gives probabilities is refused, unless it is meant",
          "[teachers][function_teacher]") {
  const Dataset data(random_matrix<float>(5, 30, 3), random_labels(30, 4, 4), 4);
  const auto softmax = [](const MatrixRef<float>& x) {
    Matrix<float> p = x.topRows(4).array().exp();
    for (Index b = 0; b < p.cols(); ++b) p.col(b) /= p.col(b).sum();
    return p;
  };
  const FunctionTeacher teacher(4, softmax);
  Network<Sequential<Linear<5, 4>>> student(Rng(2));
  const Vector<float> before = map(student.params());
  Distiller distiller(teacher, student, SoftTargets{});
  CHECK_THROWS_AS(distiller.fit(data, Adam{}), DataError);
  CHECK_THROWS_WITH(distiller.fit(data, Adam{}),
                    "FunctionTeacher: these look like probabilities, not logits: every column is "
                    "within [0, 1] and sums to 1; give log(p), or say accept_probabilities");
  CHECK(map(student.params()) == before);
  CHECK_THROWS_AS(CachedTeacher(teacher, data), DataError);

  const FunctionTeacher meant(4, softmax, {.accept_probabilities = true});
  CHECK_NOTHROW(Distiller(meant, student, SoftTargets{}).fit(data, Adam{}));
  const FunctionTeacher logs(
      4, [&](const MatrixRef<float>& x) { return Matrix<float>(softmax(x).array().log()); });
  CHECK_NOTHROW(Distiller(logs, student, SoftTargets{}).fit(data, Adam{}));
  // One sample says too little.
  auto room = teacher.make_workspace(1);
  const Matrix<float> one = random_matrix<float>(5, 1, 1);
  CHECK_NOTHROW(teacher.logits({view(one), {}, {}}, room));
}

TEST_CASE("an empty function is refused", "[teachers][function_teacher]") {
  using Function = std::function<Matrix<float>(const MatrixRef<float>&)>;
  CHECK_THROWS_AS(FunctionTeacher(4, Function{}), ConfigError);
  CHECK_THROWS_WITH(FunctionTeacher(4, Function{}),
                    "FunctionTeacher: expected a function, got an empty one");
}
