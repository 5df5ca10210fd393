// SPDX-License-Identifier: MIT
#include "kd/schemes/born_again.hpp"

#include "kd/methods/soft_targets.hpp"
#include "kd/nn/linear.hpp"
#include "kd/optim/adam.hpp"
#include "kd/teachers/ensemble_teacher.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;

namespace {

using Net = Sequential<Linear<5, 4>>;

Dataset make_data() {
  return {kd::test::random_matrix<float>(5, 40, 3), kd::test::random_labels(40, 4, 4), 4};
}

}  // namespace

TEST_CASE("every generation learns from the one before", "[schemes][born_again]") {
  const Network<Net> teacher(Rng(1));
  const Dataset data = make_data();
  const FitOptions options{.epochs = 2, .batch_size = 10};
  BornAgain family(teacher, {.generations = 3, .seed = 7}, SoftTargets{});
  CHECK(family.generations().empty());
  const auto reports = family.fit(data, Adam{}, options);
  REQUIRE(reports.size() == 3);
  REQUIRE(family.generations().size() == 3);

  const Network<Net>* before = &teacher;
  for (std::size_t i = 0; i < 3; ++i) {
    INFO("generation " << i);
    Network<Net> student(Rng(7).stream(i));
    const FitReport report = Distiller(*before, student, SoftTargets{}).fit(data, Adam{}, options);
    CHECK(map(student.params()) == map(family.generations()[i].params()));
    CHECK(report.epochs.back().loss == reports[i].epochs.back().loss);
    before = &family.generations()[i];
  }
}

TEST_CASE("the generations make an ensemble", "[schemes][born_again]") {
  const Network<Net> teacher(Rng(1));
  BornAgain family(teacher, {.generations = 2}, SoftTargets{});
  family.fit(make_data(), Adam{}, {.epochs = 1});
  family.fit(make_data(), Adam{}, {.epochs = 1});  // anew
  const EnsembleTeacher all(MeanOfLogits{}, family.generations());
  CHECK(all.size() == 2);
}

TEST_CASE("architectures of run-time sizes are born again", "[schemes][born_again]") {
  using Sized = Sequential<Linear<>>;
  const Network<Sized> teacher(Sized(Linear<>(5, 4)), Rng(1));
  BornAgain family(teacher, {.generations = 1}, SoftTargets{});
  family.fit(make_data(), Adam{}, {.epochs = 1});
  CHECK(family.generations()[0].num_params() == teacher.num_params());
}

TEST_CASE("there must be a generation", "[schemes][born_again]") {
  const Network<Net> teacher(Rng(1));
  CHECK_THROWS_AS(BornAgain(teacher, {.generations = 0}, SoftTargets{}), ConfigError);
  CHECK_THROWS_WITH(BornAgain(teacher, {.generations = 0}, SoftTargets{}),
                    "BornAgain: generations must be at least 1, got 0");
}
