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

TEST_CASE("a call that is refused leaves the generations there were", "[schemes][born_again]") {
  const Network<Net> teacher(Rng(1));
  const Dataset data = make_data();
  BornAgain family(teacher, {.generations = 2}, SoftTargets{{.hard_weight = 0.5}});
  family.fit(data, Adam{}, {.epochs = 1});
  const Network<Net>* const first = family.generations().data();
  const Vector<float> before = map(family.generations()[1].params());
  const auto keeps_them = [&](auto&& refused) {
    refused();
    REQUIRE(family.generations().size() == 2);
    CHECK(family.generations().data() == first);
    CHECK(map(family.generations()[1].params()) == before);
  };
  keeps_them([&] { CHECK_THROWS_AS(family.fit(data, Adam{}, {.epochs = 0}), ConfigError); });
  keeps_them([&] {  // what a method needs
    CHECK_THROWS_AS(family.fit(Dataset(data.inputs()), Adam{}, {.epochs = 1}), DataError);
  });
  keeps_them([&] {  // what is scheduled
    const auto below_zero = [](const Progress& progress) {
      return progress.epoch() == 0 ? 1. : -1.;
    };
    CHECK_THROWS_AS(family.fit(data, Adam{}, {.epochs = 2, .schedule = below_zero}), ConfigError);
  });
  struct Broken {};
  const auto fails = [](const StepReport&) { throw Broken{}; };
  CHECK_THROWS_AS(family.fit(data, Adam{}, {.epochs = 1, .on_step = fails}), Broken);
  CHECK(family.generations().size() == 1);  // what has been trained stays
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
