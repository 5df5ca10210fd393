// SPDX-License-Identifier: MIT
#include "kd/methods/correlation_kd.hpp"

#include "kd/testing/check_method.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/logits.hpp"
#include "support/threads.hpp"

using namespace kd;
using kd::test::golden;
using kd::test::golden_vector;
using kd::test::on_logits;
using kd::test::random_matrix;
using kd::test::relative_distance;

TEST_CASE("distillation by correlation passes the checks of a method",
          "[methods][correlation_kd]") {
  const auto report = kd::testing::check_method(
      CorrelationKd{{.temperature = 2, .inter_weight = 2, .intra_weight = 3}},
      {.allocations = kd::test::allocations});
  INFO(report.message());
  CHECK(report.passed());
}

TEST_CASE("distillation by correlation gives what PyTorch gives", "[methods][correlation_kd]") {
  const std::string name = "correlation/";
  const Vector<double> temperatures = golden_vector(name + "temperatures");
  const Matrix<double> gradients = golden(name + "gradient");
  for (Index i = 0; i < temperatures.size(); ++i) {
    INFO("temperature " << temperatures(i));
    const auto loss = on_logits(CorrelationKd{{.temperature = temperatures(i)}},
                                golden(name + "teacher"), golden(name + "student"));
    CHECK_THAT(loss.value, WithinRel(golden_vector(name + "value")(i), 1e-12));
    CHECK_THAT(loss.terms(0), WithinRel(golden_vector(name + "rows_value")(i), 1e-12));
    CHECK_THAT(loss.terms(1), WithinRel(golden_vector(name + "columns_value")(i), 1e-12));
    CHECK(relative_distance(loss.gradient, kd::test::entry(gradients, i, 10), 1e-6) < 1e-9);
  }
}

TEST_CASE("probabilities that rise and fall together are no loss", "[methods][correlation_kd]") {
  // q = 0.7 p + 0.3 / C is affine in p, so it correlates perfectly both ways.
  const Matrix<double> teacher = random_matrix<double>(5, 6, 1, 2);
  const Matrix<double> p = teacher.array().exp().matrix() *
                           teacher.array().exp().colwise().sum().inverse().matrix().asDiagonal();
  const Matrix<double> student = (0.7 * p.array() + 0.3 / 5).log();
  const auto loss = on_logits(CorrelationKd{}, teacher, student);
  CHECK(loss.terms(0) < 1e-6);  // the 1e-8 in the denominator is felt
  CHECK(loss.terms(1) < 1e-6);
  CHECK(loss.gradient.isZero(1e-6));
  REQUIRE((student - teacher).cwiseAbs().maxCoeff() > 0.1);
}

// Of two samples, each class correlates by 1 or -1 wherever the student is: what is left of the
// gradient is the 1e-8 in the denominator, and rounding must not drown it.
TEST_CASE("the gradient of a correlation has no mean but for rounding",
          "[methods][correlation_kd]") {
  for (const Index batch : {2, 3, 8}) {
    const Matrix<float> teacher = random_matrix<float>(10, batch, 1, 2);
    const Matrix<float> student = random_matrix<float>(10, batch, 2, 2);
    for (const double apart : {1., 1e-3}) {
      const Matrix<float> close = teacher + static_cast<float>(apart) * (student - teacher);
      const CorrelationKd intra{{.inter_weight = 0}};
      const auto got = on_logits(intra, teacher, close);
      const auto exact = on_logits(intra, Matrix<double>(teacher.cast<double>()),
                                   Matrix<double>(close.cast<double>()));
      INFO("batch " << batch << ", apart " << apart);
      CHECK((got.gradient.cast<double>() - exact.gradient).norm() <
            1e-6 * exact.gradient.norm() + 1.8e-7);
      CHECK_THAT(got.value, WithinRel(exact.value, 3e-4) || WithinAbs(exact.value, 3e-8));
    }
  }
}

TEST_CASE("opposite probabilities are the worst", "[methods][correlation_kd]") {
  const Matrix<double> teacher{{1, 0}, {0, 1}};
  const Matrix<double> student{{0, 1}, {1, 0}};
  const auto loss = on_logits(CorrelationKd{{.temperature = 3}}, teacher, student);
  CHECK_THAT(loss.terms(0), WithinRel(2 * 9., 1e-5));
  CHECK_THAT(loss.terms(1), WithinRel(2 * 9., 1e-5));
}

TEST_CASE("one sample has no relation within a class", "[methods][correlation_kd]") {
  const Matrix<double> teacher = random_matrix<double>(5, 1, 1, 2);
  const Matrix<double> student = random_matrix<double>(5, 1, 2, 2);
  kd::test::FixedTeacher<double> fixed(teacher);
  kd::test::OnLogits one(CorrelationKd{}, fixed, 4);
  const auto loss = one.run(student, Labels::Zero(1));
  CHECK(loss.terms(0) > 0);
  CHECK(loss.terms(1) == 0);
  kd::test::OnLogits without(CorrelationKd{{.intra_weight = 0}}, fixed, 4);
  CHECK(loss.gradient == without.run(student, Labels::Zero(1)).gradient);
  CHECK_THROWS_AS(kd::test::OnLogits(CorrelationKd{}, fixed, 1), ConfigError);
  CHECK_THROWS_WITH(kd::test::OnLogits(CorrelationKd{}, fixed, 1),
                    "CorrelationKd: expected batches of at least 2 samples, got 1");
}

TEST_CASE("a correlation's values are written where nobody has been, with and without a gradient",
          "[methods][correlation_kd]") {
  const Matrix<double> teacher = random_matrix<double>(5, 3, 1, 2);
  const Matrix<double> student = random_matrix<double>(5, 3, 2, 2);
  const auto values_of = [&](Index batch, Index gradients) {
    Matrix<double> q(5, batch), p(5, batch), dq(5, batch);
    Matrix<double> gradient = Matrix<double>::Zero(5, gradients);
    Vector<double> values = Vector<double>::Constant(batch + 5, std::nan(""));
    cpu::op_correlation_kd<double>(cpu::Space{}, {student.data(), 5, batch},
                                   {teacher.data(), 5, batch}, 2., 1., 1., view(q), view(p),
                                   view(dq), gradients > 0 ? view(gradient) : MatrixView<double>{},
                                   view(values).slice(0, batch), view(values).slice(batch, 5));
    return values;
  };
  for (const Index batch : {1, 3}) CHECK(values_of(batch, 0) == values_of(batch, batch));
  CHECK(values_of(1, 1).tail(5).isZero(0));
}

TEST_CASE("distillation by correlation does not depend on the threads",
          "[methods][correlation_kd]") {
  const Matrix<float> teacher = random_matrix<float>(300, 200, 1, 3);
  const Matrix<float> student = random_matrix<float>(300, 200, 2, 3);
  const auto alone = on_logits(CorrelationKd{}, teacher, student);
  const kd::test::Threads two(2);
  const auto shared = on_logits(CorrelationKd{}, teacher, student);
  CHECK(alone.value == shared.value);
  CHECK(alone.gradient == shared.gradient);
}

TEST_CASE("options of distillation by correlation are checked", "[methods][correlation_kd]") {
  CHECK_THROWS_WITH(CorrelationKd({.temperature = 0}),
                    "CorrelationKd: temperature must be positive and finite, got 0");
  CHECK_THROWS_WITH(CorrelationKd({.inter_weight = -1}),
                    "CorrelationKd: inter_weight must be zero or more and finite, got -1");
  CHECK_THROWS_WITH(CorrelationKd({.intra_weight = -1}),
                    "CorrelationKd: intra_weight must be zero or more and finite, got -1");
}
