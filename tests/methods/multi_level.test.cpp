// SPDX-License-Identifier: MIT
#include "kd/methods/multi_level.hpp"

#include "kd/loss/kl_divergence.hpp"
#include "kd/methods/logit_standardization.hpp"
#include "kd/testing/check_method.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/logits.hpp"

using namespace kd;
using kd::test::FixedTeacher;
using kd::test::golden;
using kd::test::golden_vector;
using kd::test::on_logits;
using kd::test::OnLogits;
using kd::test::random_matrix;
using kd::test::relative_distance;

TEST_CASE("multi-level distillation passes the checks of a method", "[methods][multi_level]") {
  const auto report = kd::testing::check_method(
      MultiLevel{{.lowest_temperature = 1, .temperatures = 2, .batch_weight = 3}},
      {.allocations = kd::test::allocations});
  INFO(report.message());
  CHECK(report.passed());
}

TEST_CASE("multi-level distillation of two views passes the checks of a method",
          "[methods][multi_level]") {
  const auto report = kd::testing::check_method(
      MultiLevel{{.lowest_temperature = 1, .temperatures = 2, .batch_weight = 3}},
      {.views = 2, .allocations = kd::test::allocations});
  INFO(report.message());
  CHECK(report.passed());
  CHECK(kd::testing::check_method(LogitStandardization(MultiLevel{}), {.views = 2}).passed());
}

TEST_CASE("multi-level distillation compares no view with the other", "[methods][multi_level]") {
  const Matrix<double> teacher = golden("multi_level/views_teacher");
  const Matrix<double> student = golden("multi_level/views_student");
  const MultiLevel method{{.batch_weight = 2, .class_weight = 3}};
  const FixedTeacher<double> fixed(teacher);
  const auto loss = OnLogits(method, fixed, 12).run(student, Labels::Zero(12), {}, 2);
  CHECK_THAT(loss.value, WithinRel(golden_vector("multi_level/views_value")(0), 1e-12));
  CHECK(relative_distance(loss.terms, golden_vector("multi_level/views_parts"), 1e-9) < 1e-11);
  CHECK(relative_distance(loss.gradient, golden("multi_level/views_gradient"), 1e-6) < 1e-9);
  const auto one = on_logits(method, teacher, student);
  CHECK(relative_distance(one.terms, loss.terms, 1e-9) > 0.1);

  // A view that stands twice is no more than itself.
  const auto twice = [](const Matrix<double>& x) -> Matrix<double> {
    return x.leftCols(6).replicate(1, 2);
  };
  const FixedTeacher<double> same(twice(teacher));
  const auto both = OnLogits(method, same, 12).run(twice(student), Labels::Zero(12), {}, 2);
  const auto single =
      on_logits(method, Matrix<double>(teacher.leftCols(6)), Matrix<double>(student.leftCols(6)));
  CHECK(relative_distance(both.terms, single.terms, 1e-9) < 1e-12);
  CHECK(relative_distance(both.gradient, twice(single.gradient / 2), 1e-9) < 1e-12);
}

TEST_CASE("multi-level distillation gives what PyTorch gives", "[methods][multi_level]") {
  const std::string name = GENERATE("multi_level/random_", "multi_level/extreme_");
  INFO(name);
  const auto loss = on_logits(MultiLevel{{.batch_weight = 2, .class_weight = 3}},
                              golden(name + "teacher"), golden(name + "student"));
  CHECK_THAT(loss.value, WithinRel(golden_vector(name + "value")(0), 1e-12));
  CHECK(relative_distance(loss.terms, golden_vector(name + "parts"), 1e-9) < 1e-11);
  CHECK(relative_distance(loss.gradient, golden(name + "gradient"), 1e-6) < 1e-9);
}

TEST_CASE("of one temperature the instances are soft targets", "[methods][multi_level]") {
  const Matrix<double> student = random_matrix<double>(7, 5, 1, 3);
  const Matrix<double> teacher = random_matrix<double>(7, 5, 2, 3);
  const MultiLevel method{{.lowest_temperature = 3,
                           .highest_temperature = 9,
                           .temperatures = 1,
                           .batch_weight = 0,
                           .class_weight = 0}};
  const auto loss = on_logits(method, teacher, student);
  const auto kl = KlDivergence({.temperature = 3})(student, teacher);
  CHECK_THAT(loss.value, WithinRel(kl.value, 1e-12));
  CHECK(relative_distance(loss.gradient, kl.gradient, 1e-9) < 1e-9);
  const auto same = on_logits(MultiLevel{}, teacher, teacher);
  CHECK(same.value < 1e-15);
  CHECK(same.gradient.isZero(1e-15));
}

TEST_CASE("multi-level distillation is finite for logits as large as they come",
          "[methods][multi_level]") {
  const float huge = 1e36F;
  const Matrix<float> logits{{huge, -huge, 0, -huge}, {-huge, huge, 0, huge}, {0, 0, huge, huge}};
  const Matrix<float> reversed = logits.rowwise().reverse();
  const auto loss = on_logits(MultiLevel{}, reversed, logits);
  CHECK(loss.terms.allFinite());
  CHECK(loss.gradient.allFinite());
}

TEST_CASE("options of multi-level distillation are checked", "[methods][multi_level]") {
  CHECK_THROWS_WITH(MultiLevel({.lowest_temperature = 0}),
                    "MultiLevel: lowest_temperature must be positive and finite, got 0");
  CHECK_THROWS_WITH(MultiLevel({.highest_temperature = 1}),
                    "MultiLevel: highest_temperature must be at least the lowest, 2, got 1");
  CHECK_THROWS_WITH(MultiLevel({.temperatures = 0}),
                    "MultiLevel: temperatures must be at least 1, got 0");
  CHECK_THROWS_WITH(MultiLevel({.instance_weight = -1}),
                    "MultiLevel: instance_weight must be zero or more and finite, got -1");
  CHECK_THROWS_WITH(MultiLevel({.batch_weight = -1}),
                    "MultiLevel: batch_weight must be zero or more and finite, got -1");
  CHECK_THROWS_WITH(MultiLevel({.class_weight = -1}),
                    "MultiLevel: class_weight must be zero or more and finite, got -1");
}
