// SPDX-License-Identifier: MIT
#include "kd/methods/nkd.hpp"

#include "kd/loss/cross_entropy.hpp"
#include "kd/loss/kl_divergence.hpp"
#include "kd/testing/check_method.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/logits.hpp"

using namespace kd;
using kd::test::entry;
using kd::test::golden;
using kd::test::golden_labels;
using kd::test::golden_vector;
using kd::test::on_logits;
using kd::test::random_labels;
using kd::test::random_matrix;
using kd::test::relative_distance;

TEST_CASE("normalised distillation passes the checks of a method", "[methods][nkd]") {
  const double temperature = GENERATE(1., 4.);
  const auto report = kd::testing::check_method(Nkd{{.temperature = temperature}},
                                                {.allocations = kd::test::allocations});
  INFO(report.message());
  CHECK(report.passed());
}

TEST_CASE("normalised distillation gives what PyTorch gives", "[methods][nkd]") {
  const std::string name = GENERATE("nkd/random_", "nkd/extreme_");
  const Vector<double> temperatures = golden_vector("nkd/temperatures");
  const Matrix<double> gradients = golden(name + "gradient");
  for (Index i = 0; i < temperatures.size(); ++i) {
    INFO(name << " T " << temperatures(i));
    const auto loss = on_logits(Nkd{{.temperature = temperatures(i)}}, golden(name + "teacher"),
                                golden(name + "student"), golden_labels(name + "labels"));
    CHECK_THAT(loss.value, WithinRel(golden_vector(name + "value")(i), 1e-12));
    CHECK_THAT(loss.terms(0), WithinRel(golden_vector(name + "target_value")(i), 1e-12));
    CHECK_THAT(loss.terms(1), WithinRel(golden_vector(name + "non_target_value")(i), 1e-12));
    CHECK(relative_distance(loss.gradient, entry(gradients, i, 10), 1e-6) < 1e-9);
  }
}

TEST_CASE("of a teacher that is sure the target is the labels' cross-entropy", "[methods][nkd]") {
  const Matrix<float> student = random_matrix<float>(5, 4, 1, 3);
  const Labels labels = random_labels(4, 5, 2);
  Matrix<float> teacher = random_matrix<float>(5, 4, 3);
  for (Index b = 0; b < 4; ++b) teacher(labels(b), b) = 1e3F;
  const auto loss = on_logits(Nkd{{.non_target_weight = 0}}, teacher, student, labels);
  const auto expected = CrossEntropy{}(student, labels);
  CHECK_THAT(loss.value, WithinRel(double{expected.value}, 1e-6));
  CHECK(relative_distance(loss.gradient, expected.gradient, 1e-3) < 1e-5);
}

TEST_CASE("y is not among the other classes", "[methods][nkd]") {
  // Whatever both say of y, the others' part is that of a sample without it.
  Matrix<double> student = random_matrix<double>(5, 3, 1, 2);
  Matrix<double> teacher = random_matrix<double>(5, 3, 2, 2);
  const Labels last = Labels::Constant(3, 4);
  const Nkd method{{.temperature = 3, .target_weight = 0, .non_target_weight = 1}};
  const auto loss = on_logits(method, teacher, student, last);
  const KlDivergence divergence{{.temperature = 3}};
  const Matrix<double> z = student.topRows(4), v = teacher.topRows(4);
  const auto others = divergence(z, v);
  CHECK(relative_distance(loss.gradient.topRows(4), others.gradient, 1e-6) < 1e-9);
  CHECK(loss.gradient.row(4).isZero(0));
  student.row(4).array() += 20;
  teacher.row(4).array() -= 7;
  CHECK(on_logits(method, teacher, student, last).terms(1) == loss.terms(1));
  // The least that part can be is the teacher's entropy.
  CHECK_THAT(loss.terms(1) - on_logits(method, teacher, teacher, last).terms(1),
             WithinRel(others.value, 1e-9));
}

TEST_CASE("with two classes nothing is left to normalise", "[methods][nkd]") {
  const auto loss = on_logits(Nkd{}, random_matrix<double>(2, 4, 1, 3),
                              random_matrix<double>(2, 4, 2, 3), random_labels(4, 2, 1));
  CHECK(loss.terms(0) > 0);
  CHECK(loss.terms(1) == 0);
}

TEST_CASE("normalised distillation keeps the digits of sure students and of hot softmaxes",
          "[methods][nkd]") {
  const Labels first = Labels::Zero(1);
  const Matrix<float> teacher{{30}, {0}, {1}};
  // exp(-25) is lost beside 1: q_y is 1, its logarithm is not 0.
  const Matrix<float> student{{25}, {0}, {0}};
  const auto sure = on_logits(Nkd{{.non_target_weight = 0}}, teacher, student, first);
  const double rest = 2 * std::exp(-25.);
  CHECK_THAT(sure.value, WithinRel(rest, 1e-5));
  CHECK_THAT(double{sure.gradient(0, 0)}, WithinRel(-rest, 1e-5));
  CHECK_THAT(double{sure.gradient(1, 0)}, WithinRel(rest / 2, 1e-5));
  // Towards infinite temperature T (q^ - p^) is the difference of logits less their mean, over
  // their number.
  const auto hot = on_logits(Nkd{{.temperature = 1e6, .target_weight = 0, .non_target_weight = 1}},
                             teacher, student, first);
  CHECK_THAT(double{hot.gradient(1, 0)}, WithinRel(0.25, 1e-5));
  CHECK_THAT(double{hot.gradient(2, 0)}, WithinRel(-0.25, 1e-5));
  CHECK_THAT(hot.terms(1), WithinRel(1e12 * std::log(2.), 1e-6));
}

TEST_CASE("normalised distillation is finite for logits as large as they come", "[methods][nkd]") {
  const float huge = 1e37F;
  const Matrix<float> logits{{huge, -huge, 0, -huge}, {-huge, huge, 0, huge}, {0, 0, huge, huge}};
  const Matrix<float> reversed = logits.rowwise().reverse();
  const Labels labels{{0, 0, 1, 2}};
  const auto loss = on_logits(Nkd{{.temperature = 2}}, reversed, logits, labels);
  CHECK(loss.terms.allFinite());
  CHECK(loss.gradient.allFinite());
}

TEST_CASE("options of normalised distillation are checked", "[methods][nkd]") {
  CHECK_THROWS_AS(Nkd({.temperature = 0}), ConfigError);
  CHECK_THROWS_WITH(Nkd({.temperature = 0}), "Nkd: temperature must be positive and finite, got 0");
  CHECK_THROWS_WITH(Nkd({.target_weight = -1}),
                    "Nkd: target_weight must be zero or more and finite, got -1");
  CHECK_THROWS_WITH(Nkd({.non_target_weight = -1}),
                    "Nkd: non_target_weight must be zero or more and finite, got -1");
  const Matrix<double> one_class = random_matrix<double>(1, 3, 1);
  CHECK_THROWS_WITH(on_logits(Nkd{}, one_class, one_class),
                    "Nkd: expected at least 2 classes, got 1");
}
