// SPDX-License-Identifier: MIT
#pragma once

#include <utility>
#include <vector>

#include "kd/core/named_options.hpp"
#include "kd/cpu/ops/argmax.hpp"
#include "kd/cpu/ops/cell_weights.hpp"
#include "kd/cpu/ops/sum.hpp"
#include "kd/cpu/ops/weigh.hpp"
#include "kd/distill/scheduled.hpp"
#include "kd/methods/logits_only.hpp"
#include "kd/methods/place_classifier.hpp"
#include "kd/methods/wrapper.hpp"

namespace kd {

struct ScaleDecoupledOptions {
  Scheduled complementary_weight = 2;  ///< of a cell that the teacher takes for another class
  Index levels = 3;                    ///< grids of 1 x 1, 2 x 2, 4 x 4, ... cells
  static constexpr std::array names{"complementary_weight", "levels"};
};

namespace detail {

/// Where a method keeps the loss of every sample, which can be weighed.
template <class State>
auto& sample_losses(State& state) {
  if constexpr (requires { state.term(Index{}, Index{}); }) {
    return state;
  } else {
    return sample_losses(state.inner);
  }
}

/// Whether a method's loss is one of each sample by itself, and it has no weights of its own.
template <class State>
constexpr bool weighs_samples() {
  if constexpr (TrainableState<State>) {
    return false;
  } else if constexpr (requires(State state) { state.term(Index{}, Index{}); }) {
    return true;
  } else if constexpr (requires(State state) { state.inner; }) {
    return weighs_samples<decltype(std::declval<State>().inner)>();
  } else {
    return false;
  }
}

}  // namespace detail

/// Scale decoupled distillation (SDD): a method on logits compares those of parts of an image, too:
/// `sum over levels l and cells n of w_n D(z_n, v_n)`, D the method's loss,
/// `z_n = W mean_{places of n} X + b`. `ScaleDecoupled(SoftTargets{{.hard_weight = 0}})`,
/// `ScaleDecoupled(DecoupledKd{}, {.levels = 2})`.
///
/// X: the maps whose mean the last layer, W and b, classifies, of either network: both must end in
/// `GlobalAvgPool` and `Linear`, else they do not compile. Level l cuts them into 2^l x 2^l cells,
/// from one, the logits as they are, up to `levels`. w is `complementary_weight` where the teacher
/// takes the cell for another class than the whole image, else 1. Sum over the 1 + 4 + 16 cells,
/// mean over the batch: weights of the method count as often. W and b of the student learn from
/// this too. What the labels say is about z itself: that is for `HardLabels` beside it. Source: Wei
/// et al., "Scale decoupled distillation", 2024, where the class of a cell is the teacher's; the
/// authors' code goes by whether it is the label.
template <class M>
class ScaleDecoupled : public detail::Wrapper<M> {
  static_assert(detail::ComparesLogits<M>,
                "ScaleDecoupled needs a method that compares the logits of the two networks, such "
                "as SoftTargets or DecoupledKd");

 public:
  static constexpr const char* name = "ScaleDecoupled";
  static constexpr bool reads_weights = true;

  template <class Inner, Real S, class Space>
  struct State : detail::WrapperState<Inner> {
    detail::PlaceClassifier<S, Space> student;
    detail::PlaceClassifier<S, Space> teacher;
    Tape<S, Space> student_cells;
    Buffer<S, Space> teacher_cells;
    Buffer<Label, Space> labels;   ///< of every cell
    Buffer<Label, Space> classes;  ///< what the teacher takes it for, then what the whole images
    Buffer<S, Space> weights;
    Buffer<double, Space> totals;  ///< not weighed, which nobody reads
  };

  /// Throws `ConfigError` when an option is out of its range, or the method compares the logits of
  /// cells with labels.
  explicit ScaleDecoupled(M method, ScaleDecoupledOptions options = {})
      : detail::Wrapper<M>(std::move(method)), options_(std::move(options)) {
    detail::check_at_least_one("ScaleDecoupled: levels", options_.levels);
    complementary_weight({});
    detail::refuse_hard_labels(name, this->method());
  }

  template <class F>
  void for_each_option(F&& f) const {
    detail::for_each_field(options_, f);
    detail::Wrapper<M>::for_each_option(f);
  }
  void check_at(const Progress& progress) const {
    complementary_weight(progress);
    detail::Wrapper<M>::check_at(progress);
  }

  /// Throws `ConfigError` when maps cannot be cut into so many cells. The state refers to the
  /// teacher's weights.
  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT& teacher, const StudentT& student, Index capacity) const {
    using S = typename StudentT::Scalar;
    using Space = typename StudentT::Space;
    using Inner = MethodState<M, TeacherT, StudentT>;
    detail::check_classifies_means<TeacherT, StudentT>();
    static_assert(detail::weighs_samples<Inner>(),
                  "ScaleDecoupled weighs cells, so it needs a method whose loss is one of each "
                  "sample by itself, without weights of its own");
    const Space& space = student.space();
    std::vector<Index> grids;
    for (Index level = 0; level < options_.levels; ++level)
      grids.push_back(level == 0 ? 1 : 2 * grids.back());
    detail::PlaceClassifier<S, Space> of_student(name, student, grids, true, capacity,
                                                 Mode::training, space);
    detail::PlaceClassifier<S, Space> of_teacher(name, teacher, grids, true, capacity,
                                                 Mode::inference, space);
    const Index all = of_student.cells() * capacity;
    const Index classes = student.num_classes();
    return State<Inner, S, Space>{
        {this->method().make_state(teacher, student, all)},
        std::move(of_student),
        std::move(of_teacher),
        Tape<S, Space>(detail::LogitsOnly(classes), all, Mode::training, space),
        Buffer<S, Space>(classes * all, space),
        Buffer<Label, Space>(all, space),
        Buffer<Label, Space>(all + capacity, space),
        Buffer<S, Space>(2 * all, space),
        Buffer<double, Space>(static_cast<Index>(M::terms.size()), space)};
  }

  template <class Inner, Real S, class Space>
  void accumulate(const DistillStep<S, Space>& step, State<Inner, S, Space>& state) const {
    const Index batch = step.batch.size();
    const Index all = state.student.cells() * batch;
    const Index layer = state.student.layer();
    const MatrixView<S, Space> teacher = state.teacher_cells.matrix(state.student.classes(), all);
    const MatrixView<const S, Space> teacher_read = teacher;
    state.teacher.forward(step.space, state.teacher.params(),
                          step.teacher->value(state.teacher.layer()), teacher);
    state.student_cells.begin(teacher_read);
    state.student.forward(step.space, step.student_params, step.student.value(layer),
                          state.student_cells.output(1));

    op_zero(step.space, state.totals.view());
    this->method().accumulate(
        DistillStep<S, Space>{step.space,
                              {teacher_read, labels_of_cells(step, state), {}},
                              teacher_read,
                              nullptr,
                              state.student_cells,
                              step.progress,
                              state.totals.view()},
        state.inner);

    // The method has taken a mean over all cells; what counts is their sum.
    const MatrixView<S, Space> gradient = state.student_cells.grad(1);
    const VectorView<const S, Space> weights = weigh_cells(step, state, teacher_read);
    op_weigh(step.space, weights.slice(all, all), MatrixView<const S, Space>(gradient), gradient,
             Write::overwrite, VectorView<S, Space>{});
    for (Index k = 0; k < static_cast<Index>(M::terms.size()); ++k) {
      const VectorView<S, Space> values = detail::sample_losses(state.inner).term(k, all);
      op_weigh(step.space, weights.slice(0, all), MatrixView<const S, Space>{},
               MatrixView<S, Space>{}, Write::overwrite, values);
      op_add_sum(step.space, VectorView<const S, Space>(values), step.totals.slice(k, 1));
    }
    state.student.backward(step.space, step.student_params, MatrixView<const S, Space>(gradient),
                           step.student_grads, step.student.grad(layer));
  }

 private:
  double complementary_weight(const Progress& progress) const {
    return detail::not_negative("ScaleDecoupled: complementary_weight",
                                options_.complementary_weight, progress);
  }

  template <Real S, class Space, class State>
  VectorView<const Label, Space> labels_of_cells(const DistillStep<S, Space>& step,
                                                 State& state) const {
    if (step.batch.labels.empty()) return {};
    state.student.for_grids(step.batch.size(), [&](Index, Index first, Index count) {
      op_repeat(step.space, step.batch.labels, state.labels.view().slice(first, count));
    });
    return state.labels.first(state.student.cells() * step.batch.size());
  }

  /// Of all cells the weights, then the same times the number of a sample's cells.
  template <Real S, class Space, class State>
  VectorView<const S, Space> weigh_cells(const DistillStep<S, Space>& step, State& state,
                                         MatrixView<const S, Space> teacher) const {
    const Index all = teacher.cols;
    const VectorView<Label, Space> taken_for = state.classes.view().slice(0, all);
    const VectorView<Label, Space> whole = state.classes.view().slice(all, step.batch.size());
    const VectorView<S, Space> weights = state.weights.first(2 * all);
    op_argmax(step.space, teacher, taken_for);
    op_argmax(step.space, step.teacher_logits, whole);
    const double complementary = complementary_weight(step.progress);
    state.student.for_grids(step.batch.size(), [&](Index, Index first, Index count) {
      const auto fill = [&](double times, Index at) {
        op_cell_weights(step.space, VectorView<const Label, Space>(whole),
                        VectorView<const Label, Space>(taken_for.slice(first, count)),
                        static_cast<S>(times), static_cast<S>(times * complementary),
                        weights.slice(at + first, count));
      };
      fill(1, 0);
      fill(static_cast<double>(state.student.cells()), all);
    });
    return weights;
  }

  ScaleDecoupledOptions options_;
};

}  // namespace kd
