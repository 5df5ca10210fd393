// SPDX-License-Identifier: MIT
//
// Whichever allocation fails, std::bad_alloc comes out, nothing leaks and networks have the weights
// of the last good step.
#include "support/allocations.hpp"

#include <atomic>
#include <functional>
#include <new>
#include <thread>

#include "kd/distill.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"
#include "support/threads.hpp"

using namespace kd;
using kd::test::random_labels;
using kd::test::random_matrix;

namespace {

using Large = Sequential<Linear<12, 20>, ReLU, Dropout, Linear<20, 5>>;
using Small = Sequential<Linear<12, 8>, ReLU, Linear<8, 5>>;

Dataset samples(Index classes = 5) {
  return {random_matrix<float>(12, 70, 1), random_labels(70, classes, 2), classes};
}

/// Makes what this thread keeps, scratch memory and the room of a prediction, for one number each:
/// what grows it may fail, but a C library that cannot note whom to destroy with the thread ends
/// the program.
void begin_scratch() {
  static const Network<Large> network(Rng(0));
  (void)network.predict(Vector<float>::Zero(12));
  cpu::scratch<float>(1);
  cpu::scratch<Label>(1);
  cpu::scratch<std::uint8_t>(1);
}

/// How the attempts ended.
struct Outcome {
  Index refused = 0;  ///< with std::bad_alloc
  Index other = 0;    ///< with another exception, or with none although an allocation had failed
  Index leaking = 0;
  bool done = false;  ///< the last one, of which no allocation failed
};

/// Attempts `work` while the first, the second, ... allocation fails, until none does. Each attempt
/// has a thread of its own, whose scratch memory begins empty.
Outcome fail_each(const std::function<void()>& work) {
  Outcome outcome;
  const auto attempt = [&](Index n) {
    const kd::test::FailNthAllocation fault(n);
    try {
      work();
      outcome.done = !fault.failed();
      if (!outcome.done) ++outcome.other;
    } catch (const std::bad_alloc&) {
      ++outcome.refused;
    } catch (...) {
      ++outcome.other;
    }
  };
  std::thread(begin_scratch).join();  // what the first thread of a program makes stays
  for (Index n = 1; n < 5000 && !outcome.done; ++n) {
    const Index live = kd::test::live_allocations();
    std::thread([&] {
      begin_scratch();
      attempt(n);
    }).join();
    if (kd::test::live_allocations() != live) ++outcome.leaking;
  }
  return outcome;
}

/// The weights behind each step, and whether a network still has the last of them.
template <class N>
class Watch {
 public:
  explicit Watch(const N& network) : network_(network), last_(map(network.params())) {}

  FitOptions options() {
    FitOptions options{.batch_size = 32};
    options.on_step = [this](const StepReport&) { last_ = map(network_.params()); };
    return options;
  }
  bool holds() const { return map(network_.params()) == last_; }

 private:
  const N& network_;
  Vector<float> last_;
};

void check(const Outcome& outcome, Index least) {
  CHECK(outcome.done);
  CHECK(outcome.refused >= least);
  CHECK(outcome.other == 0);
  CHECK(outcome.leaking == 0);
}

}  // namespace

TEST_CASE("each allocation of training may fail", "[distill][allocations]") {
  if (!kd::test::counts_allocations()) return;
  const Dataset data = samples();
  Network<Large> network(Rng(0));
  Watch watch(network);
  bool held = true;
  const FitOptions options = watch.options();
  const auto run = [&](const auto& optimizer, const auto& loss) {
    check(fail_each([&] {
            try {
              fit(network, data, loss, optimizer, options);
            } catch (...) {
              held = held && watch.holds();
              throw;
            }
          }),
          8);
    CHECK(held);
  };
  run(Adam{}, CrossEntropy{});
  run(Sgd{{.momentum = 0.9}}, LabelSmoothing{});
}

TEST_CASE("each allocation of distillation may fail", "[distill][allocations]") {
  if (!kd::test::counts_allocations()) return;
  const Dataset data = samples();
  const Network<Large> teacher(Rng(0));
  Network<Small> student(Rng(1));
  Watch watch(student);
  bool held = true;
  const FitOptions options = watch.options();
  const auto run = [&](const auto&... methods) {
    Distiller distiller(teacher, student, methods...);
    distiller.fit(data, Adam{}, options);  // so that there are states to go on from
    check(fail_each([&] {
            Distiller fresh(teacher, student, methods...);
            for (auto* each : {&fresh, &distiller}) {
              try {
                each->fit(data, Adam{}, options);
              } catch (...) {
                held = held && watch.holds();
                throw;
              }
            }
          }),
          10);
    CHECK(held);
    distiller.fit(data, Adam{}, options);
    CHECK(detail::all_finite(student.params().data, student.num_params()));
  };
  run(SoftTargets{}, Hint<2, 2>{});
  run(RelationalKd<2, 2>{}, Contrastive<2, 2>{{.width = 4, .negatives = 5}}, CorrelationKd{});
}

TEST_CASE("each allocation of tables, evaluation and prediction may fail",
          "[distill][allocations]") {
  if (!kd::test::counts_allocations()) return;
  const Dataset data = samples();
  const Network<Large> teacher(Rng(0));
  const Matrix<float> inputs = random_matrix<float>(12, 300, 3);
  check(fail_each([] { Network<Large>(Rng(1)); }), 3);
  check(fail_each([&] { Dataset(inputs, random_labels(300, 4, 1)); }), 3);
  check(fail_each([&] { CachedTeacher(teacher, data); }), 4);
  check(fail_each([&] { CachedFeatures(teacher, data, Layers<2>{}); }), 4);
  check(fail_each([&] { TopKTeacher(teacher, data, 2); }), 4);
  check(fail_each([&] { teacher.predict(inputs); }), 3);
  check(fail_each([&] { teacher.predict(inputs.topRows(12).rowwise().reverse()); }), 4);
  check(fail_each([&] { evaluate(teacher, data); }), 5);
  check(fail_each([&] { KlDivergence{}(inputs, inputs); }), 3);
}

TEST_CASE("a worker's allocation may fail", "[distill][allocations]") {
  if (!kd::test::counts_allocations()) return;
  // So many classes that a loop over the samples is worth sharing.
  const Dataset data = samples(300);
  const Network<Sequential<Linear<12, 300>>> teacher(Rng(0));
  Network<Sequential<Linear<12, 300>>> student(Rng(1));
  Watch watch(student);
  const FitOptions options = watch.options();
  bool held = true;
  bool failed = true;
  Index others = 0;
  for (Index n = 1; failed && n < 5000; ++n) {
    const kd::test::Threads fresh(2);
    std::atomic<int> begun{0};
    parallel_for(2, 1e6, [&](Index) {
      begin_scratch();
      for (++begun; begun < 2;) std::this_thread::yield();
    });
    const kd::test::FailNthAllocation fault(n);
    try {
      Distiller(teacher, student, SoftTargets{}).fit(data, Adam{}, options);
      failed = fault.failed();
    } catch (const std::bad_alloc&) {
      held = held && watch.holds();
    } catch (...) {
      ++others;
    }
  }
  CHECK_FALSE(failed);
  CHECK(held);
  CHECK(others == 0);
}
