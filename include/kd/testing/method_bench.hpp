// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kd/data/dataset.hpp"
#include "kd/distill/method.hpp"
#include "kd/testing/gradient_check.hpp"

namespace kd::testing {

struct CheckMethodOptions {
  Index batch = 6;           ///< samples of a full batch
  Index smallest_batch = 1;  ///< the fewest samples that the method can work on
  Index views = 1;           ///< of each sample in a batch, 1 or 2 (`FitOptions::second_view`)
  std::uint64_t seed = 0;
  /// How far training is: for methods whose weights change on the way.
  Progress progress = {.step = 25, .steps_per_epoch = 5, .total_steps = 60};
  /// What the method multiplies the gradient of its own parameters by, where it does not descend.
  double own_gradient_factor = 1;
  /// The method's state changes from step to step on purpose (a memory bank).
  bool remembers = false;
  /// Counts the allocations so far, from a replaced `operator new`; none: they are not checked.
  std::function<Index()> allocations = {};
  GradientCheckOptions gradient = {};

  /// How many samples the data set has: two full batches and one of two.
  Index samples() const { return 2 * batch + 2; }
};

/// Samples of a batch, one a column, and their places in the data set.
struct MethodSamples {
  Matrix<double> inputs;
  Labels labels;
  Vector<Index> indices;

  /// A batch of so many, each in so many views: its own inputs, then those of others.
  MethodSamples first(Index count, Index views = 1) const {
    return {inputs.leftCols(views * count), labels.head(count).replicate(views, 1),
            indices.head(count).replicate(views, 1)};
  }
};

/// What a method made of a batch: its loss `sum_k weights[k] totals[k] / batch`, the gradients at
/// the student's layers (empty where it left none) and those of its own parameters.
struct MethodOutcome {
  double loss = 0;
  std::vector<Matrix<double>> at_layers;  ///< [i]: at what layer i gave
  Vector<double> own;
};

/// What the layers of a network are made to give.
struct ExtremeOutputs {
  const char* name;
  double (*at)(Index row, Index col);
};

inline constexpr std::array<ExtremeOutputs, 4> extreme_outputs{{
    {"0", [](Index, Index) { return 0.; }},
    {"1", [](Index, Index) { return 1.; }},
    {"1e4 at one place", [](Index r, Index c) { return r == c % 3 ? 1e4 : 0.; }},
    {"+-1e4", [](Index r, Index c) { return (r * 5 + c * 3) % 7 < 3 ? 1e4 : -1e4; }},
}};

/// One number as a view, until the end of the expression.
inline VectorView<const double> number(const double& x) { return {&x, 1}; }

/// No number may be NaN or infinite.
inline void check_finite(CheckReport& report, std::string_view what, VectorView<const double> x) {
  for (Index i = 0; i < x.size; ++i)
    if (!kd::detail::is_finite(x.data[i])) report.compare(what, x.slice(i, 1), number(0), 0);
  report.compare(what, number(0), number(0), 0);  // counts as compared
}

/// Random samples for a network, in the order of the data set.
template <class N>
MethodSamples draw_samples(const N& network, const CheckMethodOptions& options) {
  const Index count = options.samples();
  MethodSamples all{Matrix<double>(network.in_features(), count), Labels(count),
                    Vector<Index>(count)};
  fill_away_from_zero(view(all.inputs).flat(), Rng(options.seed).stream(3));
  Rng rng = Rng(options.seed).stream(4);
  for (Index i = 0; i < count; ++i) {
    all.labels(i) = static_cast<Label>(rng.below(network.num_classes()));
    all.indices(i) = i;
  }
  return all;
}

/// The same as a data set.
template <class N>
Dataset make_data(const N& network, const CheckMethodOptions& options) {
  const MethodSamples all = draw_samples(network, options);
  return {Matrix<float>(all.inputs.template cast<float>()), all.labels, network.num_classes()};
}

/// A method between two networks, as a distiller would run it, with access to what lies between.
template <class M, class TeacherT, class StudentT>
class MethodBench {
 public:
  using S = typename StudentT::Scalar;
  using State = MethodState<M, TeacherT, StudentT>;
  static constexpr bool trainable = kd::detail::TrainableState<State>;
  static constexpr const char* scalar_name = std::same_as<S, float> ? "float" : "double";

  MethodBench(const M& method, const TeacherT& teacher, const StudentT& student,
              const CheckMethodOptions& options)
      : method_(method),
        teacher_(teacher),
        student_(student),
        progress_(options.progress),
        views_(options.views),
        teacher_room_(teacher.make_workspace(options.batch * views_)),
        tape_(student.make_workspace(options.batch * views_, Mode::training)),
        start_(method.make_state(teacher, student_, options.batch * views_)) {
    if constexpr (requires(const Dataset data) { method.prepare(data, start_); })
      method.prepare(make_data(student, options), start_);
    // What it keeps from its first step (a constant, say) is no function of what is varied later.
    if (options.remembers) run(draw_samples(student, options).first(options.batch, views_), start_);
  }

  StudentT& student() { return student_; }
  Tape<S>& tape() { return tape_; }
  Index depth() const { return tape_.depth(); }
  /// The state that every run begins with, unless it is given another.
  State& start() { return start_; }

  /// The loss alone; `tweak(tape, teacher_logits)` is called between the networks and the method.
  template <class Tweak>
  double loss(const MethodSamples& samples, Tweak&& tweak) {
    State state = start_;
    return step(samples, state, tweak);
  }
  double loss(const MethodSamples& samples) { return loss(samples, no_tweak); }

  MethodOutcome run(const MethodSamples& samples, State& state) {
    return collect(step(samples, state, no_tweak), state);
  }
  MethodOutcome run(const MethodSamples& samples) {
    State state = start_;
    return run(samples, state);
  }
  /// With outputs of both networks that are made up.
  MethodOutcome run(const MethodSamples& samples, const ExtremeOutputs& student,
                    const ExtremeOutputs& teacher) {
    State state = start_;
    const auto tweak = [&](Tape<S>& tape, MatrixView<const S>& teacher_logits) {
      fill(tape, student);
      made_up_.resize(teacher_logits.rows, teacher_logits.cols);
      fill(view(made_up_), teacher);
      teacher_logits = view(std::as_const(made_up_));
      if constexpr (kd::detail::HasFeatures<TeacherT>) fill(teacher_room_, teacher);
    };
    return collect(step(samples, state, tweak), state);
  }

  /// The gradient of the student's parameters, through its own backward.
  Vector<double> parameter_gradient(const MethodSamples& samples) {
    State state = start_;
    student_.zero_grad();
    step(samples, state, no_tweak);
    student_.backward(tape_);
    return map(student_.grads()).template cast<double>();
  }

  /// How often memory is allocated while the method has the batch.
  Index count_allocations(const MethodSamples& samples, State& state,
                          const std::function<Index()>& allocations) {
    Index before = 0;
    step(
        samples, state, [&](auto&, auto&) { before = allocations(); },
        [&] { before = allocations() - before; });
    return before;
  }

 private:
  static constexpr auto no_tweak = [](auto&, auto&) {};

  template <class Tweak, class After = void (*)()>
  double step(
      const MethodSamples& samples, State& state, Tweak&& tweak, After&& after = [] {}) {
    inputs_ = samples.inputs.template cast<S>();
    Batch<S> batch{view(std::as_const(inputs_)), view(samples.labels), view(samples.indices)};
    batch.views = views_;
    MatrixView<const S> teacher_logits = teacher_.logits(batch, teacher_room_);
    student_.forward(batch.inputs, tape_);
    const Tape<S>* features = nullptr;
    if constexpr (kd::detail::HasFeatures<TeacherT>) features = &teacher_room_;
    if constexpr (trainable) op_zero(student_.space(), state.grads());
    totals_.setZero();
    tweak(tape_, teacher_logits);
    const auto [params, grads] = kd::detail::weights_for<M>(student_);
    method_.accumulate(DistillStep<S, cpu::Space>{student_.space(), batch, teacher_logits, features,
                                                  tape_, progress_, view(totals_), params, grads},
                       state);
    after();
    const auto weights = method_.weights(progress_);
    double sum = 0;
    for (std::size_t k = 0; k < weights.size(); ++k)
      sum += weights[k] * totals_(static_cast<Index>(k));
    return sum / static_cast<double>(batch.size());
  }

  MethodOutcome collect(double loss, State& state) {
    MethodOutcome outcome{
        loss, std::vector<Matrix<double>>(static_cast<std::size_t>(depth()) + 1), {}};
    for (Index i = 1; i <= depth(); ++i)
      if (tape_.has_grad(i))
        outcome.at_layers[static_cast<std::size_t>(i)] = map(tape_.grad(i)).template cast<double>();
    if constexpr (trainable) outcome.own = map(state.grads()).template cast<double>();
    return outcome;
  }

  static void fill(MatrixView<S> x, const ExtremeOutputs& outputs) {
    for (Index c = 0; c < x.cols; ++c)
      for (Index r = 0; r < x.rows; ++r) x.data[r + c * x.rows] = static_cast<S>(outputs.at(r, c));
  }
  static void fill(Tape<S>& tape, const ExtremeOutputs& outputs) {
    for (Index i = 1; i <= tape.depth(); ++i)
      if (tape.same_as(i) == i) fill(tape.output(i), outputs);
  }

  M method_;
  const TeacherT& teacher_;
  StudentT student_;
  Progress progress_;
  Index views_;
  typename TeacherT::Workspace teacher_room_;
  Tape<S> tape_;
  State start_;
  Matrix<S> inputs_;
  Matrix<S> made_up_;
  Vector<double> totals_ = Vector<double>::Zero(static_cast<Index>(M::terms.size()));
};

}  // namespace kd::testing
