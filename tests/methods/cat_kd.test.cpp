// SPDX-License-Identifier: MIT
#include "kd/methods/cat_kd.hpp"

#include "kd/methods/hard_labels.hpp"
#include "kd/testing/check_method.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/maps.hpp"

using namespace kd;
using kd::test::ClassifiedMaps;
using kd::test::golden;
using kd::test::golden_vector;
using kd::test::on_places;
using kd::test::random_matrix;
using kd::test::relative_distance;

namespace {

const std::string folder = "cat_kd/";

ClassifiedMaps golden_student() {
  return {{3, 4, 3},
          golden(folder + "student"),
          golden(folder + "weight"),
          golden_vector(folder + "bias")};
}
ClassifiedMaps golden_teacher() {
  return {{5, 5, 5},
          golden(folder + "teacher"),
          golden(folder + "teacher_weight"),
          golden_vector(folder + "teacher_bias")};
}

}  // namespace

TEST_CASE("class attention passes the checks of a method", "[methods][cat_kd]") {
  const auto report = kd::testing::check_method<kd::test::MapTeacher, kd::test::MapStudent>(
      CatKd{}, {.allocations = kd::test::allocations});
  INFO(report.message());
  CHECK(report.passed());
}

TEST_CASE("class attention gives what PyTorch gives", "[methods][cat_kd]") {
  for (const Index grid : {1, 2, 3}) {
    INFO("grid " << grid);
    const std::string end = "_" + std::to_string(grid);
    const auto loss =
        on_places(CatKd{{.weight = 1, .grid = grid}}, golden_student(), golden_teacher(), {});
    CHECK_THAT(loss.value, WithinRel(golden_vector(folder + "value" + end)(0), 1e-12));
    CHECK(relative_distance(loss.gradient, golden(folder + "dstudent" + end), 1e-6) < 1e-9);
    CHECK(relative_distance(loss.dweight, golden(folder + "dweight" + end), 1e-6) < 1e-9);
    CHECK(loss.dbias.isZero(0));
  }
}

TEST_CASE("how sure a network is does not show in its class attention", "[methods][cat_kd]") {
  const ClassifiedMaps student = golden_student();
  const double value = on_places(CatKd{}, student, golden_teacher(), {}).value;
  for (const double factor : {1e-170, 1e-2, 1e170}) {
    ClassifiedMaps scaled = student;
    scaled.maps *= factor;
    scaled.bias.array() += 7;
    CHECK_THAT(on_places(CatKd{}, scaled, golden_teacher(), {}).value, WithinRel(value, 1e-12));
  }
  CHECK_THAT(on_places(CatKd{}, golden_teacher(), golden_teacher(), {}).value, WithinAbs(0, 1e-20));
}

TEST_CASE("a class whose map is zero does no harm to class attention", "[methods][cat_kd]") {
  ClassifiedMaps student = golden_student();
  student.weight.col(1).setZero();
  student.maps.col(0).setZero();
  const auto loss = on_places(CatKd{}, student, golden_teacher(), {});
  CHECK(loss.gradient.allFinite());
  CHECK(loss.dweight.allFinite());
  CHECK(loss.gradient.col(0).isZero(0));
  CHECK(loss.gradient.col(1).norm() > 0);
  CHECK(loss.dweight.col(1).isZero(0));
}

TEST_CASE("the student's last layer learns from class attention, beside the labels too",
          "[methods][cat_kd]") {
  const Network<test::MapTeacher> teacher(Rng(1));
  Network<test::MapStudent> student(Rng(2));
  const Dataset data(random_matrix<float>(24, 32, 1), test::random_labels(32, 4, 2), 4);
  const Matrix<float> before = student.layer<4>().weight();
  Distiller distiller(teacher, student, CatKd{});
  const FitReport alone = distiller.fit(data, Adam{{.lr = 0.01}}, {.epochs = 20, .batch_size = 8});
  CHECK(alone.epochs.back().loss < 0.7 * alone.epochs.front().loss);
  CHECK((student.layer<4>().weight() - before).norm() > 0.1F);
  Distiller both(teacher, student, HardLabels{}, CatKd{});
  const FitReport report = both.fit(data, Adam{{.lr = 0.01}}, {.epochs = 5, .batch_size = 8});
  CHECK(report.epochs.back().loss < report.epochs.front().loss);
}

TEST_CASE("options of class attention are checked", "[methods][cat_kd]") {
  CHECK_THROWS_WITH(CatKd({.weight = -1}), "CatKd: weight must be zero or more and finite, got -1");
  CHECK_THROWS_WITH(CatKd({.grid = 0}), "CatKd: grid must be at least 1, got 0");
  CHECK_THROWS_WITH(on_places(CatKd{{.grid = 4}}, golden_student(), golden_teacher(), {}),
                    "CatKd: expected a grid of 1 to 3 cells a side, as maps of 3 x 4 x 3 can "
                    "be cut, got 4");
}
