// SPDX-License-Identifier: MIT
#include "kd/train/running.hpp"

#include "kd/distill/distiller.hpp"
#include "kd/loss/cross_entropy.hpp"
#include "kd/methods/hard_labels.hpp"
#include "kd/methods/soft_targets.hpp"
#include "kd/nn/linear.hpp"
#include "kd/optim/sgd.hpp"
#include "kd/schemes/born_again.hpp"
#include "kd/schemes/mean_teacher.hpp"
#include "kd/schemes/mutual_learning.hpp"
#include "kd/schemes/teacher_assistant.hpp"
#include "kd/train/evaluate.hpp"
#include "kd/train/fit.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;

namespace {

using Net = Network<Sequential<Linear<5, 4>>>;

Dataset samples() {
  return {test::random_matrix<float>(5, 20, 1), test::random_labels(20, 4, 2), 4};
}

/// Options whose callbacks call `f` once: behind an epoch, behind a step, or before a step.
template <class F>
std::vector<FitOptions> calling(const F& f) {
  return {{.on_epoch = [f](const EpochReport&) { f(); }},
          {.on_step = [f](const StepReport&) { f(); }},
          {.augment = [f](Eigen::Ref<Matrix<float>>, Rng) { f(); }}};
}

constexpr const char* refusal = "must not train what is being trained";

}  // namespace

TEST_CASE("a callback must not train the network that is being trained", "[train][running]") {
  const Dataset data = samples();
  const Net teacher(Rng(1));
  Net student(Rng(2));
  Net other(Rng(3));
  Distiller distiller(teacher, student, SoftTargets());
  const auto train = [&] { fit(student, data, CrossEntropy{}, Sgd{}); };
  const auto distil = [&] { distiller.fit(data, Sgd{}); };
  const auto learn = [&] { MutualLearning({}, other, student).fit(data, Sgd{}); };
  const auto each = [&](const auto& inner) {
    for (const FitOptions& options : calling(inner)) {
      CHECK_THROWS_WITH(fit(student, data, CrossEntropy{}, Sgd{}, options),
                        ContainsSubstring(refusal));
      CHECK_THROWS_WITH(distiller.fit(data, Sgd{}, options), ContainsSubstring(refusal));
      CHECK_THROWS_WITH(MutualLearning({}, student, other).fit(data, Sgd{}, options),
                        ContainsSubstring(refusal));
      CHECK_THROWS_WITH(MeanTeacher(student, {}, HardLabels{}).fit(data, Sgd{}, options),
                        ContainsSubstring(refusal));
    }
  };
  each(train);
  each(distil);
  each(learn);
  train();  // what was refused left no mark
  distil();
}

TEST_CASE("a callback must not call the scheme that is running", "[train][running]") {
  const Dataset data = samples();
  const Net teacher(Rng(1));
  Net assistant(Rng(2));
  Net student(Rng(3));
  BornAgain family(teacher, {.generations = 2}, SoftTargets());
  TeacherAssistant chain(teacher, assistant, student);
  for (const FitOptions& options : calling([&] { family.fit(data, Sgd{}); }))
    CHECK_THROWS_WITH(family.fit(data, Sgd{}, options), ContainsSubstring(refusal));
  for (const FitOptions& options : calling([&] { chain.fit(data, Sgd{}, {}, SoftTargets()); }))
    CHECK_THROWS_WITH(chain.fit(data, Sgd{}, options, SoftTargets()), ContainsSubstring(refusal));
}

TEST_CASE("a callback may evaluate and copy what is trained, and train another network",
          "[train][running]") {
  const Dataset data = samples();
  const Net teacher(Rng(1));
  Net plain(Rng(2));
  Net watched(Rng(2));
  Net other(Rng(3));
  Distiller(teacher, plain, SoftTargets()).fit(data, Sgd{}, {.epochs = 2});
  for (const FitOptions& each : calling([&] {
         evaluate(watched, data);
         const Net best = watched;
         fit(other, data, CrossEntropy{}, Sgd{});
         Distiller(best, other, SoftTargets()).fit(data, Sgd{});
       })) {
    watched = Net(Rng(2));
    FitOptions options = each;
    options.epochs = 2;
    Distiller(teacher, watched, SoftTargets()).fit(data, Sgd{}, options);
    CHECK(map(std::as_const(watched).params()) == map(std::as_const(plain).params()));
  }
}

TEST_CASE("a network that is moved away or replaced by a callback ends training with an error",
          "[train][running]") {
  using Sized = Sequential<Linear<>, Linear<>>;
  const auto sized = [](Index hidden) {
    return Network<Sized>(Sized(Linear<>(5, hidden), Linear<>(hidden, 4)), Rng(1));
  };
  const Dataset data = samples();
  Network<Sized> network = sized(6);
  const auto run = [&](const std::function<void()>& f) {
    fit(network, data, CrossEntropy{}, Sgd{},
        {.epochs = 2, .on_epoch = [&](const EpochReport&) { f(); }});
  };
  Network<Sized> taken = sized(6);
  CHECK_THROWS_AS(run([&] { taken = std::move(network); }), ConfigError);
  network = sized(6);
  CHECK_THROWS_AS(run([&] { network = sized(60); }), ShapeError);
}
