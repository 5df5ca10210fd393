// SPDX-License-Identifier: MIT
#include "kd/teachers/virtual_teacher.hpp"

#include "kd/methods/soft_targets.hpp"
#include "kd/testing/check_method.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/logits.hpp"

using namespace kd;
using kd::test::golden;
using kd::test::on_logits;

TEST_CASE("a virtual teacher gives what PyTorch gives", "[teachers][virtual_teacher]") {
  const std::string name = "virtual_teacher/";
  const VirtualTeacher<double> teacher(10);
  const SoftTargets method{{.temperature = 20, .hard_weight = 0, .soft_weight = 1}};
  const auto loss =
      on_logits(method, teacher, golden(name + "logits"), kd::test::golden_labels(name + "labels"));
  CHECK_THAT(loss.value, WithinRel(kd::test::golden_vector(name + "value")(0), 1e-11));
  CHECK(kd::test::relative_distance(loss.gradient, golden(name + "gradient"), 1e-6) < 1e-9);
}

TEST_CASE("a student learns from a virtual teacher", "[teachers][virtual_teacher]") {
  const VirtualTeacher<double> teacher(4);
  const Network<kd::testing::SmallStudent, cpu::Space, double> student(Rng(1));
  const auto report = kd::testing::check_method(
      SoftTargets{{.temperature = 20, .hard_weight = 0.9, .soft_weight = 0.1}}, teacher, student);
  INFO(report.message());
  CHECK(report.passed());
}

TEST_CASE("a virtual teacher knows the labels and nothing else", "[teachers][virtual_teacher]") {
  const VirtualTeacher teacher(5, {.correct_probability = 0.8});
  const Labels labels{{3, 0}};
  auto room = teacher.make_workspace(2);
  const Batch<float> batch{MatrixView<const float>(nullptr, 0, 2), view(labels), {}};
  const Matrix<float> probabilities = map(teacher.logits(batch, room)).array().exp();
  CHECK(probabilities.isApprox(
      Matrix<float>{{0.05F, 0.8F}, {0.05F, 0.05F}, {0.05F, 0.05F}, {0.8F, 0.05F}, {0.05F, 0.05F}},
      1e-6F));
}

TEST_CASE("a virtual teacher says what does not fit", "[teachers][virtual_teacher]") {
  CHECK_THROWS_AS(VirtualTeacher(1), ConfigError);
  CHECK_THROWS_WITH(VirtualTeacher(1), "VirtualTeacher: expected at least 2 classes, got 1");
  const double probability = GENERATE(0.25, 1., -1.);
  CHECK_THROWS_WITH(
      VirtualTeacher(4, {.correct_probability = probability}),
      ContainsSubstring("VirtualTeacher: correct_probability must be above 1/4 and below 1"));
}
