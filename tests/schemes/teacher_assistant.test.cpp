// SPDX-License-Identifier: MIT
#include "kd/schemes/teacher_assistant.hpp"

#include "kd/methods/decoupled_kd.hpp"
#include "kd/methods/hard_labels.hpp"
#include "kd/methods/soft_targets.hpp"
#include "kd/nn/linear.hpp"
#include "kd/nn/relu.hpp"
#include "kd/optim/adam.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;

namespace {

using Large = Sequential<Linear<5, 16>, ReLU, Linear<16, 4>>;
using Middle = Sequential<Linear<5, 8>, ReLU, Linear<8, 4>>;
using Little = Sequential<Linear<5, 4>>;

Dataset make_data() {
  return {kd::test::random_matrix<float>(5, 40, 3), kd::test::random_labels(40, 4, 4), 4};
}

}  // namespace

TEST_CASE("a chain is one distillation behind the other", "[schemes][teacher_assistant]") {
  const Network<Large> teacher(Rng(1));
  const Dataset data = make_data();
  const FitOptions options{.epochs = 2, .batch_size = 10};
  Network<Middle> assistant(Rng(2));
  Network<Little> student(Rng(3));
  TeacherAssistant chain(teacher, assistant, student);
  const auto reports = chain.fit(data, Adam{}, options, SoftTargets{});
  REQUIRE(reports.size() == 2);

  Network<Middle> expected_assistant(Rng(2));
  Network<Little> expected_student(Rng(3));
  Distiller(teacher, expected_assistant, SoftTargets{}).fit(data, Adam{}, options);
  const FitReport last =
      Distiller(expected_assistant, expected_student, SoftTargets{}).fit(data, Adam{}, options);
  CHECK(map(assistant.params()) == map(expected_assistant.params()));
  CHECK(map(student.params()) == map(expected_student.params()));
  CHECK(reports[1].epochs.back().loss == last.epochs.back().loss);
}

TEST_CASE("a chain has any number of assistants and methods", "[schemes][teacher_assistant]") {
  const Network<Large> teacher(Rng(1));
  Network<Large> first(Rng(2));
  Network<Middle> second(Rng(3));
  Network<Little> student(Rng(4));
  const auto reports = TeacherAssistant(teacher, first, second, student)
                           .fit(make_data(), Adam{}, {.epochs = 1}, HardLabels{}, DecoupledKd{});
  REQUIRE(reports.size() == 3);
  CHECK(reports[2].epochs[0].terms.size() == 3);
}
