// SPDX-License-Identifier: MIT
#include "kd/testing/check_loss.hpp"

#include "kd/loss/cross_entropy.hpp"
#include "kd/loss/kl_divergence.hpp"
#include "support/catch.hpp"

using namespace kd;
using kd::testing::check_loss;

namespace {

/// Half the squared distance from a target.
struct Square {
  template <Real S, class Space>
  using Target = MatrixTarget<S, Space>;

  template <Real S, class Space>
  void accumulate(const LossStep<S, Space, MatrixTarget<S, Space>>& step) const {
    const auto gap = (map(step.logits) - map(step.target)).eval();
    map(step.values) = gap.colwise().squaredNorm().transpose() / 2;
    if (step.dlogits.empty()) return;
    if (step.write_dlogits == Write::overwrite) map(step.dlogits).setZero();
    map(step.dlogits) += step.scale * gap;
  }
};

enum class Mistake {
  gradient,
  wants_gradient,
  overwrites,
  only_adds,
  scales_values,
  ignores_scale,
  mixes_samples,
  by_order
};

template <Mistake M>
struct Wrong : Square {
  template <Real S, class Space>
  void accumulate(const LossStep<S, Space, MatrixTarget<S, Space>>& given) const {
    LossStep<S, Space, MatrixTarget<S, Space>> step = given;
    if constexpr (M == Mistake::ignores_scale) step.scale = S(1) / 5;  // that of the check's batch
    if constexpr (M == Mistake::overwrites)
      if (!step.dlogits.empty()) map(step.dlogits).setZero();
    if constexpr (M == Mistake::only_adds) step.write_dlogits = Write::add;
    if constexpr (M == Mistake::wants_gradient)
      for (Index i = 0; i < step.logits.size(); ++i) step.dlogits.data[i] += 0;
    Square::accumulate(step);
    if constexpr (M == Mistake::gradient)
      if (!step.dlogits.empty()) step.dlogits.data[3] += S(0.001);
    if constexpr (M == Mistake::scales_values) map(step.values) *= 5 * step.scale;
    if constexpr (M == Mistake::mixes_samples) map(step.values).array() += S(step.values.size);
    if constexpr (M == Mistake::by_order) {
      step.values.data[0] *= 2;
      if (!step.dlogits.empty())
        map(step.dlogits).col(0) += step.scale * (map(step.logits) - map(step.target)).col(0);
    }
  }
};

template <Mistake M>
std::string verdict() {
  const auto report = check_loss(Wrong<M>());
  CHECK_FALSE(report.passed());
  return report.message();
}

}  // namespace

TEST_CASE("check_loss passes a user's loss", "[testing][check_loss]") {
  const auto report = check_loss(Square());
  INFO(report.message());
  CHECK(report.passed());
  CHECK(check_loss(CrossEntropy()).passed());
}

TEST_CASE("check_loss finds every kind of mistake and names it", "[testing][check_loss]") {
  CHECK_THAT(verdict<Mistake::gradient>(), ContainsSubstring("gradient [3]"));
  CHECK_THAT(verdict<Mistake::overwrites>(),
             ContainsSubstring("added to what was there: gradient"));
  CHECK_THAT(verdict<Mistake::only_adds>(),
             ContainsSubstring("overwriting what was there: gradient"));
  CHECK_THAT(verdict<Mistake::scales_values>(), ContainsSubstring("twice the scale: values"));
  CHECK_THAT(verdict<Mistake::ignores_scale>(), ContainsSubstring("twice the scale: gradient"));
  CHECK_THAT(verdict<Mistake::mixes_samples>(), ContainsSubstring("samples one by one: values"));
  CHECK_THAT(verdict<Mistake::wants_gradient>(),
             ContainsSubstring("without a gradient: whether the program outlives the loss"));
  CHECK_THAT(verdict<Mistake::by_order>(), ContainsSubstring("samples "));
}

TEST_CASE("check_loss takes numbers of one's own", "[testing][check_loss]") {
  const Matrix<double> logits = Matrix<double>::Random(4, 3);
  CHECK(check_loss(Square(), {.logits = logits, .targets = logits.array() + 1}).passed());
  CHECK_THROWS_WITH(check_loss(Square(), {.logits = logits, .targets = logits.leftCols(2)}),
                    "check_loss: expected 3 target samples, got 2");
  CHECK_THROWS_AS(check_loss(CrossEntropy(), {.logits = logits, .labels = Labels::Constant(3, 4)}),
                  DataError);
  CHECK_THROWS_AS(check_loss(CrossEntropy(), {.classes = 0}), ConfigError);
  const Matrix<Label> one_hot{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {0, 0, 0}};
  CHECK_THROWS_AS(check_loss(CrossEntropy(), {.logits = logits, .labels = one_hot}), ShapeError);
  CHECK_THROWS_WITH(check_loss(CrossEntropy(), {.logits = logits, .labels = one_hot}),
                    ContainsSubstring("expected a vector, one class a sample, got a matrix"));
  CHECK(
      check_loss(CrossEntropy(), {.logits = logits, .labels = std::vector<int>{3, 0, 1}}).passed());
}
