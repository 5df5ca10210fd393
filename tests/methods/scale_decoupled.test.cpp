// SPDX-License-Identifier: MIT
#include "kd/methods/scale_decoupled.hpp"

#include "kd/methods/decoupled_kd.hpp"
#include "kd/methods/logit_standardization.hpp"
#include "kd/testing/check_method.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/logits.hpp"
#include "support/maps.hpp"

using namespace kd;
using kd::test::ClassifiedMaps;
using kd::test::golden;
using kd::test::golden_vector;
using kd::test::on_places;
using kd::test::relative_distance;

namespace {

const std::string folder = "scale_decoupled/";

SoftTargets soft() { return SoftTargets{{.temperature = 4, .hard_weight = 0, .soft_weight = 1}}; }

ClassifiedMaps golden_student() {
  return {{3, 4, 4},
          golden(folder + "student"),
          golden(folder + "weight"),
          golden_vector(folder + "bias")};
}
ClassifiedMaps golden_teacher() {
  return {{5, 5, 4},
          golden(folder + "teacher"),
          golden(folder + "teacher_weight"),
          golden_vector(folder + "teacher_bias")};
}

template <class M>
void check(const M& method) {
  const auto report = kd::testing::check_method<kd::test::MapTeacher, kd::test::MapStudent>(
      method, {.batch = 4, .allocations = kd::test::allocations});
  INFO(report.message());
  CHECK(report.passed());
}

}  // namespace

TEST_CASE("scale decoupled methods pass the checks of a method", "[methods][scale_decoupled]") {
  check(ScaleDecoupled(soft(), {.levels = 2}));
  check(ScaleDecoupled(LogitStandardization(DecoupledKd{{.warm_up_epochs = 0}}), {.levels = 2}));
}

TEST_CASE("scale decoupled soft targets are what PyTorch gives", "[methods][scale_decoupled]") {
  for (const Index levels : {1, 2, 3}) {
    INFO(levels << " levels");
    const std::string end = "_" + std::to_string(levels);
    const Labels labels = Labels::Zero(4);
    const auto loss = on_places(ScaleDecoupled(soft(), {.levels = levels}), golden_student(),
                                golden_teacher(), labels);
    CHECK_THAT(loss.value, WithinRel(golden_vector(folder + "value" + end)(0), 1e-12));
    CHECK(relative_distance(loss.gradient, golden(folder + "dstudent" + end), 1e-6) < 1e-9);
    CHECK(relative_distance(loss.dweight, golden(folder + "dweight" + end), 1e-6) < 1e-9);
    CHECK(relative_distance(loss.dbias, golden_vector(folder + "dbias" + end), 1e-6) < 1e-9);
  }
}

TEST_CASE("of one level a scale decoupled method is the method", "[methods][scale_decoupled]") {
  const ClassifiedMaps student = golden_student(), teacher = golden_teacher();
  const auto logits = [](const ClassifiedMaps& of) {
    const Matrix<double> means = of.maps.reshaped(of.shape.area(), of.shape.channels * 4)
                                     .colwise()
                                     .mean()
                                     .reshaped(of.shape.channels, 4);
    return Matrix<double>((of.weight.transpose() * means).colwise() + of.bias);
  };
  Labels labels(4);
  labels << 1, 0, 3, 2;
  const DecoupledKd method{{.warm_up_epochs = 0}};
  const auto expected = kd::test::on_logits(method, logits(teacher), logits(student), labels);
  const auto got = on_places(ScaleDecoupled(method, {.levels = 1}), student, teacher, labels);
  CHECK_THAT(got.value, WithinRel(expected.value, 1e-12));
  CHECK(relative_distance(got.dbias, expected.gradient.rowwise().sum(), 1e-6) < 1e-9);
  // Of more, the cells of a sample have its label.
  labels << 1, 0, 3, 1;
  CHECK(on_places(ScaleDecoupled(method, {.levels = 2}), student, teacher, labels).value !=
        Approx(on_places(ScaleDecoupled(method, {.levels = 2}), student, teacher,
                         Labels(labels.reverse()))
                   .value));
}

TEST_CASE("options of scale decoupled methods are checked", "[methods][scale_decoupled]") {
  CHECK_THROWS_WITH(ScaleDecoupled(soft(), {.complementary_weight = -1}),
                    "ScaleDecoupled: complementary_weight must be zero or more and finite, got -1");
  CHECK_THROWS_WITH(ScaleDecoupled(soft(), {.levels = 0}),
                    "ScaleDecoupled: levels must be at least 1, got 0");
  CHECK_THROWS_WITH(ScaleDecoupled(SoftTargets{}),
                    "ScaleDecoupled: labels are compared with the logits as they are: give "
                    "SoftTargets a hard_weight of 0 and put HardLabels beside it");
  CHECK_THROWS_WITH(
      on_places(ScaleDecoupled(soft(), {.levels = 4}), golden_student(), golden_teacher(), {}),
      "ScaleDecoupled: expected a grid of 1 to 4 cells a side, as maps of 3 x 4 x 4 can be cut, "
      "got 8");
  const auto weight = ScaleDecoupled(
      soft(), {.complementary_weight = [](const Progress& p) { return p.step > 5 ? -1. : 1.; }});
  CHECK_THROWS_AS(weight.check_at(Progress{.step = 6}), ConfigError);
}
