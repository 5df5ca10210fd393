// SPDX-License-Identifier: MIT
#include "kd/testing/check_method.hpp"

#include <cstdlib>
#include <limits>

#include "kd/distill/sample_losses.hpp"
#include "support/catch.hpp"

using namespace kd;
using kd::testing::check_method;
using kd::testing::CheckMethodOptions;

namespace {

enum class Mistake {
  none,
  gradient,
  own_gradient,
  no_gradient,
  minds_the_order,
  remembers,
  not_finite,
  always_infinite,
  ends_the_program,
  allocates,
  reads_labels,
};

Index allocations_of_this_file = 0;

/// A method as a user may write it, with a weight w of its own: `mean_b w^2 sum_c (z - v)^2 / 2`,
/// wrong in one way.
template <Mistake M>
struct Squares {
  static constexpr std::array<const char*, 1> terms{"squares"};
  static constexpr LabelNeed label_need() { return LabelNeed::none; }

  template <class S>
  struct State {
    Buffer<S> weight{1};
    Buffer<S> dweight{1};
    S last = 0;

    VectorView<S> params() { return weight.view(); }
    VectorView<const S> params() const { return weight.view(); }
    VectorView<S> grads() { return dweight.view(); }
  };

  std::array<double, 1> weights(const Progress&) const { return {2}; }

  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT&, const StudentT&, Index) const {
    State<typename StudentT::Scalar> state;
    state.weight.view().data[0] = typename StudentT::Scalar(1.5);
    return state;
  }

  template <Real S>
  void accumulate(const DistillStep<S, cpu::Space>& step, State<S>& state) const {
    const S scale = S(2) / static_cast<S>(step.batch.size());
    const S w = state.weight.view().data[0];
    const Matrix<S> gap = map(step.student.logits()) - map(step.teacher_logits);
    S loss = gap.squaredNorm() / 2;
    if (M == Mistake::minds_the_order) loss += gap(0, 0);
    if (M == Mistake::reads_labels) loss += static_cast<S>(map(step.batch.labels).sum());
    if (M == Mistake::remembers) loss += std::exchange(state.last, gap(0, 0));
    if (M == Mistake::not_finite && gap.cwiseAbs().maxCoeff() > S(5e3)) loss /= S(0);
    if (M == Mistake::always_infinite) loss /= S(0);
    if (M == Mistake::ends_the_program) std::abort();
    if (M == Mistake::allocates) ++allocations_of_this_file;
    *step.totals.data += static_cast<double>(w * w * loss);
    state.dweight.view().data[0] += scale * w * loss * (M == Mistake::own_gradient ? S(1) : S(2));
    if (M == Mistake::no_gradient) return;
    const MatrixView<S> dlogits = step.student.grad(step.student.depth());
    map(dlogits) += scale * w * w * (M == Mistake::gradient ? S(1.01) : S(1)) * gap;
    if (M == Mistake::minds_the_order) dlogits.data[0] += scale * w * w;
  }
};

template <Mistake M>
kd::testing::CheckReport check(CheckMethodOptions options = {}) {
  return check_method(Squares<M>{}, options);
}

}  // namespace

TEST_CASE("a method that is right passes", "[testing][check_method]") {
  const auto report = check<Mistake::none>();
  INFO(report.message());
  CHECK(report.passed());
  CHECK(report.compared() > 500);
}

TEST_CASE("the check finds a gradient that is 1 % off", "[testing][check_method]") {
  const auto report = check<Mistake::gradient>();
  CHECK_FALSE(report.passed());
  CHECK_THAT(report.message(), ContainsSubstring("gradient"));
}

TEST_CASE("the check finds a wrong gradient of the method's own weights",
          "[testing][check_method]") {
  const auto report = check<Mistake::own_gradient>();
  CHECK_FALSE(report.passed());
  CHECK_THAT(report.message(), ContainsSubstring("gradient of the method's own parameters"));
  // One that is meant so is no mistake.
  CheckMethodOptions half;
  half.own_gradient_factor = 0.5;
  CHECK(check<Mistake::own_gradient>(half).passed());
}

TEST_CASE("the check finds a method that teaches nothing", "[testing][check_method]") {
  CHECK_FALSE(check<Mistake::no_gradient>().passed());
}

TEST_CASE("the check finds a method that minds the order of the samples",
          "[testing][check_method]") {
  const auto report = check<Mistake::minds_the_order>();
  CHECK_FALSE(report.passed());
  CHECK_THAT(report.message(), ContainsSubstring("samples in reverse"));
}

TEST_CASE("the check finds a method that reads labels and says it does not",
          "[testing][check_method]") {
  const auto report = check<Mistake::reads_labels>();
  CHECK_FALSE(report.passed());
  CHECK_THAT(report.message(), ContainsSubstring("with other labels, which it says it does not"));
}

TEST_CASE("the check finds what a larger batch left behind, unless it is meant to be",
          "[testing][check_method]") {
  const auto report = check<Mistake::remembers>();
  CHECK_FALSE(report.passed());
  CHECK_THAT(report.message(), ContainsSubstring("behind a larger batch"));
  CheckMethodOptions knows;
  knows.remembers = true;
  const auto meant = check<Mistake::remembers>(knows);
  INFO(meant.message());
  CHECK(meant.passed());
}

TEST_CASE("the check finds numbers that are not finite", "[testing][check_method]") {
  CHECK_FALSE(check<Mistake::not_finite>().passed());
  CHECK_FALSE(check<Mistake::always_infinite>().passed());  // training throws, the check does not
}

TEST_CASE("a method that ends the program is a finding, and a batch that is none an error",
          "[testing][check_method]") {
  CHECK_THAT(check<Mistake::ends_the_program>().message(),
             ContainsSubstring("whether the program outlives a batch of 6"));
  CHECK_THROWS_WITH(check<Mistake::none>({.batch = 2, .smallest_batch = 3}),
                    "CheckMethodOptions: batch must be at least smallest_batch, 3, got 2");
  CHECK_THROWS_AS(check<Mistake::none>({.smallest_batch = 0}), ConfigError);
  CHECK_THROWS_WITH(check<Mistake::none>({.views = 3}),
                    "CheckMethodOptions: views must be 1 or 2, got 3");
}

TEST_CASE("the check finds allocations", "[testing][check_method]") {
  CheckMethodOptions counting;
  counting.allocations = [] { return allocations_of_this_file; };
  const auto report = check<Mistake::allocates>(counting);
  CHECK_FALSE(report.passed());
  CHECK_THAT(report.message(), ContainsSubstring("allocations in a step"));
  CHECK(check<Mistake::none>(counting).passed());
}
