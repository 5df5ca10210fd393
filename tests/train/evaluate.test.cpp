// SPDX-License-Identifier: MIT
#include "kd/train/evaluate.hpp"

#include "kd/loss/cross_entropy.hpp"
#include "kd/nn/dropout.hpp"
#include "kd/nn/linear.hpp"
#include "kd/teachers/function_teacher.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;

namespace {

/// A network whose logits are its inputs.
template <class Architecture = Sequential<Linear<3, 3>>>
Network<Architecture> echo() {
  Network<Architecture> network(Rng(0));
  map(network.params()).setZero();
  for (Index i = 0; i < 3; ++i) network.params().data[4 * i] = 1;
  return network;
}

}  // namespace

TEST_CASE("errors, accuracy, loss and confusion of a known model", "[train][evaluate]") {
  Matrix<float> x(3, 5);
  x << 9, 0, 0, 9, 0,  //
      0, 9, 0, 0, 0,   //
      0, 0, 9, 0, 9;
  Labels y(5);
  y << 0, 1, 2, 1, 2;
  const Dataset data(x, y);
  const Evaluation result = evaluate(echo(), data);
  CHECK(result.samples == 5);
  CHECK(result.errors == 1);
  CHECK(result.accuracy == Approx(0.8));
  Matrix<Index> confusion(3, 3);
  confusion << 1, 0, 0,  // (true, predicted)
      1, 1, 0,           //
      0, 0, 2;
  CHECK(result.confusion == confusion);
  CHECK_THAT(result.loss, WithinRel(double{CrossEntropy()(x, y).value}, 1e-6));
  CHECK(result.class_samples == Vector<Index>{{1, 2, 2}});
  CHECK(result.class_errors == Vector<Index>{{0, 1, 0}});
}

TEST_CASE("with many classes there is no matrix of pairs unless it is asked for",
          "[train][evaluate]") {
  // 8 classes^2 bytes would be 80 GB.
  constexpr Index classes = 100'000;
  const FunctionTeacher far(classes, [](const MatrixRef<float>& x) {
    Matrix<float> logits = Matrix<float>::Zero(classes, x.cols());
    logits.row(classes - 1).setConstant(5);
    return logits;
  });
  Labels y(4);
  y << 0, classes - 1, 7, classes - 1;
  const Evaluation result = evaluate(far, Dataset(Matrix<float>::Zero(1, 4), y));
  CHECK(result.errors == 2);
  CHECK(result.confusion.size() == 0);
  CHECK(result.class_samples(classes - 1) == 2);
  CHECK(result.class_errors(classes - 1) == 0);
  CHECK(result.class_errors(7) == 1);

  const Dataset data(kd::test::random_matrix<float>(3, 9, 1), kd::test::random_labels(9, 3, 2));
  CHECK(evaluate(echo(), data, {.most_confusion_classes = 2}).confusion.size() == 0);
  CHECK(evaluate(echo(), data, {.most_confusion_classes = 3}).confusion.sum() == 9);
}

TEST_CASE("the size of batches changes nothing", "[train][evaluate]") {
  const Dataset data(kd::test::random_matrix<float>(3, 100, 1), kd::test::random_labels(100, 3, 2));
  const Evaluation whole = evaluate(echo(), data, {.batch_size = 1000});
  CHECK(whole.errors > 0);
  for (const Index batch : {1, 7, 100}) {
    const Evaluation parts = evaluate(echo(), data, {.batch_size = batch});
    CHECK(parts.confusion == whole.confusion);
    CHECK(parts.errors == whole.errors);
    CHECK_THAT(parts.loss, WithinRel(whole.loss, 1e-6));
  }
}

TEST_CASE("dropout is off", "[train][evaluate]") {
  const Dataset data(kd::test::random_matrix<float>(3, 50, 1), kd::test::random_labels(50, 3, 2));
  CHECK(evaluate(echo<Sequential<Dropout, Linear<3, 3>>>(), data).loss ==
        evaluate(echo(), data).loss);
}

TEST_CASE("evaluate refuses what does not fit", "[train][evaluate]") {
  const auto network = echo();
  const Labels y = Labels::Zero(4);
  CHECK_THROWS_WITH(evaluate(network, Dataset(Matrix<float>::Zero(2, 4), y)),
                    "evaluate: expected 3 features a sample, as the model takes, got 2");
  CHECK_THROWS_AS(evaluate(network, Dataset(Matrix<float>::Zero(3, 4), Labels::Constant(4, 3))),
                  DataError);
  CHECK_THROWS_AS(evaluate(network, Dataset(Matrix<float>::Zero(3, 4), y), {.batch_size = 0}),
                  ConfigError);
}
