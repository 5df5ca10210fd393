// SPDX-License-Identifier: MIT
#include "kd/schemes/mean_teacher.hpp"

#include <cmath>
#include <vector>

#include "kd/methods/hard_labels.hpp"
#include "kd/methods/logit_mse.hpp"
#include "kd/nn/dropout.hpp"
#include "kd/nn/linear.hpp"
#include "kd/nn/relu.hpp"
#include "kd/optim/sgd.hpp"
#include "kd/train/fit.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::random_labels;
using kd::test::random_matrix;

namespace {

using Net = Sequential<Linear<5, 4>>;

Dataset make_data() { return {random_matrix<float>(5, 40, 3), random_labels(40, 4, 4), 4}; }

template <class N>
Vector<double> weights_of(const N& network) {
  return map(network.params()).template cast<double>();
}

}  // namespace

TEST_CASE("the teacher is the moving average of the student", "[schemes][mean_teacher]") {
  Network<Net, cpu::Space, double> student(Rng(1));
  const double decay = 0.7;
  MeanTeacher mean(student, {.decay = decay}, HardLabels{});
  CHECK(weights_of(mean.teacher()) == weights_of(student));
  Vector<double> expected = weights_of(student);
  Index steps = 0;
  for (int call = 0; call < 2; ++call) {  // the second goes on where the first left
    mean.fit(make_data(), Sgd{{.lr = 0.1}},
             {.epochs = 2, .batch_size = 10, .on_step = [&](const StepReport&) {
                ++steps;
                const double d = std::min(decay, 1 - 1 / static_cast<double>(steps + 1));
                expected = d * expected + (1 - d) * weights_of(student);
                CHECK(weights_of(mean.teacher()).isApprox(expected, 1e-12));
              }});
  }
  CHECK(steps == 16);
  CHECK_FALSE(weights_of(mean.teacher()).isApprox(weights_of(student), 1e-3));
}

TEST_CASE("the student learns as its methods say", "[schemes][mean_teacher]") {
  Network<Net> student(Rng(1));
  Network<Net> alone(Rng(1));
  const FitOptions options{.epochs = 2, .batch_size = 10};
  MeanTeacher mean(student, {}, HardLabels{}, LogitMse{{.weight = 0}});
  const FitReport report = mean.fit(make_data(), Sgd{}, options);
  fit(alone, make_data(), CrossEntropy{}, Sgd{}, options);
  CHECK(map(student.params()).isApprox(map(alone.params()), 1e-6F));
  REQUIRE(report.epochs.size() == 2);
  CHECK(report.epochs[1].terms[1].name == "logit mse");
  CHECK(report.epochs[1].terms[1].value > 0);
}

TEST_CASE("a student that is held to its own past moves less", "[schemes][mean_teacher]") {
  const FitOptions options{.epochs = 20, .batch_size = 10};
  const Network<Net> start(Rng(1));
  const auto way = [&](double weight) {
    Network<Net> student(Rng(1));
    MeanTeacher(student, {}, HardLabels{}, LogitMse{{.weight = weight}})
        .fit(make_data(), Sgd{}, options);
    return (weights_of(student) - weights_of(start)).norm();
  };
  CHECK(way(20) < 0.8 * way(0));
}

TEST_CASE("until the first step teacher and student agree", "[schemes][mean_teacher]") {
  Network<Net> student(Rng(1));
  const Vector<double> before = weights_of(student);
  MeanTeacher mean(student, {}, LogitMse{});
  const FitReport report = mean.fit(make_data(), Sgd{}, {.epochs = 3});
  CHECK(report.epochs.back().loss == 0);
  CHECK(weights_of(student) == before);
}

TEST_CASE("a teacher in training mode has dropout of its own", "[schemes][mean_teacher]") {
  using Dropping = Sequential<Linear<5, 20>, ReLU, Dropout, Linear<20, 4>>;
  const auto first_loss = [](TeacherMode mode) {
    Network<Dropping> student(Rng(1));
    MeanTeacher mean(student, {.mode = mode}, LogitMse{});
    return mean.fit(make_data(), Sgd{}, {.epochs = 1, .batch_size = 40}).epochs[0].loss;
  };
  CHECK(first_loss(TeacherMode::inference) > 0);  // the student's dropout
  CHECK(first_loss(TeacherMode::training) > 1.2 * first_loss(TeacherMode::inference));
}

TEST_CASE("the decay of a mean teacher is checked", "[schemes][mean_teacher]") {
  Network<Net> student(Rng(1));
  const double decay = GENERATE(-0.1, 1., 2.);
  CHECK_THROWS_AS(MeanTeacher(student, {.decay = decay}, LogitMse{}), ConfigError);
  CHECK_THROWS_WITH(MeanTeacher(student, {.decay = decay}, LogitMse{}),
                    ContainsSubstring("MeanTeacher: decay must be in [0, 1)"));
}
