// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <utility>

#include "kd/core/named_options.hpp"
#include "kd/cpu/ops/class_maps.hpp"
#include "kd/distill/sample_losses.hpp"
#include "kd/distill/scheduled.hpp"
#include "kd/distill/tap.hpp"
#include "kd/methods/place_classifier.hpp"

namespace kd {

struct CatKdOptions {
  Scheduled weight = 400;  ///< zero or more
  Index grid = 2;          ///< cells a side into which maps are cut
  static constexpr std::array names{"weight", "grid"};
};

/// CAT-KD: where on an image the student sees a class should be where the teacher sees it:
/// `weight mean((A_s / |A_s| - A_t / |A_t|)^2)`, A the class activation map of each class k,
/// `A_k = sum_c W_kc X_c`, as the means of `grid` x `grid` cells.
///
/// X: the maps, (channels * height * width, batch), whose mean the last layer classifies with the
/// weight W, of either network: both must end in `GlobalAvgPool` and `Linear`, else they do not
/// compile. Channels and sizes of the maps may differ. Each class's map is made 1 long; the mean is
/// over classes, cells and batch. How sure a network is changes nothing. A class whose map is all
/// zero has no gradient. W, the student's last layer, learns from this too. Source: Guo et al.,
/// "Class attention transfer based knowledge distillation", 2023, whose class activation maps
/// have no bias; 2 x 2 cells as there.
class CatKd : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;

  static constexpr const char* name = "CatKd";
  static constexpr std::array<const char*, 1> terms{"class attention"};
  static constexpr LabelNeed label_need() { return LabelNeed::none; }
  static constexpr bool reads_weights = true;

  template <Real S, class Space>
  struct State {
    detail::PlaceClassifier<S, Space> student;
    detail::PlaceClassifier<S, Space> teacher;
    Buffer<S, Space> student_maps;  ///< then the gradient there
    Buffer<S, Space> teacher_maps;
    SampleLosses<S, Space> losses;
  };

  /// Throws `ConfigError` when an option is out of its range.
  explicit CatKd(CatKdOptions options = {}) : options_(std::move(options)) {
    weights({});
    detail::check_at_least_one("CatKd: grid", options_.grid);
  }

  const CatKdOptions& options() const { return options_; }
  std::array<double, 1> weights(const Progress& progress) const {
    return {detail::not_negative("CatKd: weight", options_.weight, progress)};
  }

  /// Throws `ConfigError` when maps cannot be cut into so many cells. The state refers to the
  /// teacher's weights.
  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT& teacher, const StudentT& student, Index capacity) const {
    using S = typename StudentT::Scalar;
    using Space = typename StudentT::Space;
    detail::check_classifies_means<TeacherT, StudentT>();
    const Space& space = student.space();
    const Index size = student.num_classes() * options_.grid * options_.grid * capacity;
    return State<S, Space>{
        {"CatKd", student, {options_.grid}, false, capacity, Mode::training, space},
        {"CatKd", teacher, {options_.grid}, false, capacity, Mode::inference, space},
        Buffer<S, Space>(size, space),
        Buffer<S, Space>(size, space),
        SampleLosses<S, Space>(capacity, space)};
  }

  template <Real S, class Space>
  void accumulate(const DistillStep<S, Space>& step, State<S, Space>& state) const {
    const Index batch = step.batch.size();
    const Index cells = state.student.cells();
    const MatrixView<S, Space> maps =
        state.student_maps.matrix(state.student.classes(), cells * batch);
    const MatrixView<S, Space> aim = state.teacher_maps.matrix(maps.rows, maps.cols);
    state.student.forward(step.space, step.student_params,
                          step.student.value(state.student.layer()), maps);
    state.teacher.forward(step.space, state.teacher.params(),
                          step.teacher->value(state.teacher.layer()), aim);
    op_class_maps(
        step.space, cells, MatrixView<const S, Space>(maps), MatrixView<const S, Space>(aim),
        detail::batch_scale(weights(step.progress)[0], step), maps, state.losses.term(0, batch));
    state.student.backward(step.space, step.student_params, MatrixView<const S, Space>(maps),
                           step.student_grads, step.student.grad(state.student.layer()));
    state.losses.add_to(step);
  }

 private:
  CatKdOptions options_;
};

}  // namespace kd
