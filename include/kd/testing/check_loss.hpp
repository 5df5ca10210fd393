// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "kd/core/labels.hpp"
#include "kd/core/matrix.hpp"
#include "kd/core/to_labels.hpp"
#include "kd/loss/loss.hpp"
#include "kd/testing/gradient_check.hpp"
#include "kd/testing/survives.hpp"

namespace kd::testing {

/// Labels as whoever has them writes them, by the rules of `Dataset`: a matrix is refused.
struct GivenLabels {
  GivenLabels() = default;
  /// Throws `ShapeError` for a matrix, `DataError` when one does not fit 32 bits.
  template <kd::detail::LabelSource L>
  GivenLabels(const L& labels) : numbers(kd::detail::to_labels(labels)) {}

  Labels numbers;
};

struct CheckLossOptions {
  Index classes = 6;
  Index batch = 5;
  std::uint64_t seed = 0;
  Matrix<double> logits = {};   ///< (classes, batch); random, at most 3 in size, when empty
  Matrix<double> targets = {};  ///< for a loss on matrices; as the logits when empty
  GivenLabels labels = {};      ///< for a loss on labels; random when empty
  GradientCheckOptions gradient = {};
};

namespace detail {

/// The loss of each sample, and what a loss added to the gradient.
struct LossOutcome {
  Vector<double> values;
  Matrix<double> gradient;
};

/// Logits and targets of a batch; the target of `L` is one of the two.
struct LossInputs {
  Matrix<double> logits;
  Matrix<double> targets;
  Labels labels;

  /// Sample `b` of these at place `at` of others.
  void copy_sample(Index b, LossInputs& to, Index at) const {
    to.logits.col(at) = logits.col(b);
    to.targets.col(at) = targets.col(b);
    to.labels(at) = labels(b);
  }
  LossInputs sized(Index batch) const {
    return {Matrix<double>(logits.rows(), batch), Matrix<double>(targets.rows(), batch),
            Labels(batch)};
  }
};

template <Loss L>
auto loss_target(const LossInputs& inputs) {
  using Target = typename L::template Target<double, cpu::Space>;
  if constexpr (std::same_as<Target, LabelTarget<double, cpu::Space>>) {
    return view(inputs.labels);
  } else {
    return view(inputs.targets);
  }
}

/// Runs a loss; its gradient overwrites or is added to `start` everywhere; without one none is
/// asked for.
template <Loss L>
LossOutcome run_loss(const L& loss, const LossInputs& inputs, double scale,
                     std::optional<double> start = 0., Write write = Write::add) {
  using Target = typename L::template Target<double, cpu::Space>;
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  LossOutcome out{
      Vector<double>::Constant(inputs.logits.cols(), nan),
      Matrix<double>::Constant(inputs.logits.rows(), inputs.logits.cols(), start.value_or(nan))};
  const cpu::Space space;
  loss.accumulate(LossStep<double, cpu::Space, Target>{
      space, view(inputs.logits), loss_target<L>(inputs), scale,
      start ? view(out.gradient) : MatrixView<double>{}, write, view(out.values)});
  return out;
}

inline LossInputs make_loss_inputs(const CheckLossOptions& options) {
  const auto draw = [&](Index rows, Index cols, std::uint64_t stream) {
    kd::detail::check_at_least_one("CheckLossOptions: classes", rows);
    kd::detail::check_at_least_one("CheckLossOptions: batch", cols);
    Matrix<double> x(rows, cols);
    Rng rng = Rng(options.seed).stream(stream);
    for (double& each : x.reshaped()) each = rng.symmetric(3.);
    return x;
  };
  LossInputs in{options.logits, options.targets, options.labels.numbers};
  if (in.logits.size() == 0) in.logits = draw(options.classes, options.batch, 1);
  const Index classes = in.logits.rows();
  const Index batch = in.logits.cols();
  if (in.targets.size() == 0) in.targets = draw(classes, batch, 2);
  if (in.labels.size() == 0) {
    in.labels.resize(batch);
    Rng rng = Rng(options.seed).stream(3);
    for (Label& label : in.labels) label = static_cast<Label>(rng.below(classes));
  }
  kd::detail::check_equal("check_loss", "target classes", classes, in.targets.rows());
  kd::detail::check_equal("check_loss", "target samples", batch, in.targets.cols());
  kd::detail::check_equal("check_loss", "labels", batch, in.labels.size());
  kd::detail::check_labels(view(std::as_const(in.labels)), classes);
  return in;
}

inline void compare(CheckReport& report, const std::string& how, const LossOutcome& got,
                    const LossOutcome& expected, double tolerance) {
  report.compare(how + "values", view(got.values), view(expected.values), tolerance);
  report.compare(how + "gradient", view(got.gradient).flat(), view(expected.gradient).flat(),
                 tolerance);
}

/// Samples in another order, and one by one, must have the losses and gradients they have together.
template <Loss L>
void check_samples_apart(CheckReport& report, const L& loss, const LossInputs& inputs, double scale,
                         const LossOutcome& together, double tolerance) {
  const Index batch = inputs.logits.cols();
  LossInputs turned = inputs.sized(batch);
  LossOutcome apart = together;
  for (Index b = 0; b < batch; ++b) {
    inputs.copy_sample(b, turned, batch - 1 - b);
    LossInputs one = inputs.sized(1);
    inputs.copy_sample(b, one, 0);
    const LossOutcome alone = run_loss(loss, one, scale);
    apart.values(b) = alone.values(0);
    apart.gradient.col(b) = alone.gradient;
  }
  compare(report, "samples one by one: ", apart, together, tolerance);
  const LossOutcome back = run_loss(loss, turned, scale);
  compare(report,
          "samples in reverse: ", {back.values.reverse(), back.gradient.rowwise().reverse()},
          together, tolerance);
}

}  // namespace detail

/// Checks a loss in double: its gradient against central differences of `scale * sum(values)`;
/// that it adds the gradient to what is there or overwrites it, follows `scale` with the gradient
/// and not with the values, and does without a gradient where none is wanted; that a sample's loss
/// depends neither on the order of the batch nor on its other samples.
///
/// Throws `ConfigError`, `ShapeError` or `DataError` when the options do not fit each other.
template <Loss L>
CheckReport check_loss(const L& loss, const CheckLossOptions& options = {}) {
  detail::LossInputs inputs = detail::make_loss_inputs(options);
  const double scale = 1 / static_cast<double>(inputs.logits.cols());
  const double rounding = options.gradient.rounding;
  CheckReport report;
  if (!detail::survives([&] { detail::run_loss(loss, inputs, scale); })) {
    report_end(report, "whether the program outlives the loss");
    return report;
  }
  const detail::LossOutcome once = detail::run_loss(loss, inputs, scale);

  check_gradient(
      report, "gradient", view(inputs.logits).flat(), view(once.gradient).flat(),
      [&] { return scale * detail::run_loss(loss, inputs, scale).values.sum(); }, options.gradient);

  const double start = 3;
  detail::LossOutcome added = detail::run_loss(loss, inputs, scale, start);
  added.gradient.array() -= start;
  detail::compare(report, "added to what was there: ", added, once, rounding);
  detail::compare(report, "overwriting what was there: ",
                  detail::run_loss(loss, inputs, scale, start, Write::overwrite), once, rounding);
  detail::compare(report, "twice the scale: ", detail::run_loss(loss, inputs, 2 * scale),
                  {once.values, 2 * once.gradient}, rounding);
  if (detail::survives([&] { detail::run_loss(loss, inputs, scale, std::nullopt); })) {
    report.compare("without a gradient: values",
                   view(detail::run_loss(loss, inputs, scale, std::nullopt).values),
                   view(once.values), rounding);
  } else {
    report_end(report, "without a gradient: whether the program outlives the loss");
  }
  detail::check_samples_apart(report, loss, inputs, scale, once, rounding);
  return report;
}

}  // namespace kd::testing
