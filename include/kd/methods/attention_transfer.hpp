// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <utility>

#include "kd/core/named_options.hpp"
#include "kd/cpu/ops/attention_transfer.hpp"
#include "kd/distill/sample_losses.hpp"
#include "kd/distill/scheduled.hpp"
#include "kd/distill/tap.hpp"

namespace kd {

struct AttentionTransferOptions {
  Scheduled weight = 1000;  ///< zero or more
  static constexpr std::array names{"weight"};
};

/// Attention transfer (AT): the student should look where on an image the teacher looks:
/// `weight mean((Q_s / |Q_s| - Q_t / |Q_t|)^2)`, `Q = sum over the channels c of F_c^2`.
///
/// F: the maps that layer `StudentLayer` of the student gives, or layer `TeacherLayer` of the
/// teacher, (channels * height * width, batch); layers are counted from 1. Both must be of the same
/// height and width, which is checked at compile time where the types tell; channels may differ.
/// Q, one map for each sample, is made 1 long; the mean is over places and batch. How large
/// features are changes nothing. Where all of a sample's are zero, so is its Q, without a gradient.
///
/// For networks of one kind. What is important where differs between unlike ones, and then it may
/// do harm: the table of Tian et al., "Contrastive representation distillation", 2020, has
/// MobileNetV2 with it behind ResNet-50 at 58.6 %, and alone at 64.6 %. Put it beside a method on
/// logits. Source: Zagoruyko and Komodakis, "Paying more attention to attention", 2017, equation 2
/// with the sum of squares, and the mean of squares of the authors' code in place of the equation's
/// norm; weight as in that code.
template <Index TeacherLayer, Index StudentLayer>
class AttentionTransfer : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;

  static constexpr const char* name = "AttentionTransfer";
  static constexpr std::array<const char*, 1> terms{"attention"};
  static constexpr std::array<Index, 2> taps{TeacherLayer, StudentLayer};
  static constexpr LabelNeed label_need() { return LabelNeed::none; }

  template <Real S, class Space>
  struct State {
    Shape student;  ///< of the layers that it was made for
    Shape teacher;
    Buffer<S, Space> attention;
    SampleLosses<S, Space> losses;
  };

  /// Throws `ConfigError` when the weight is out of its range.
  explicit AttentionTransfer(AttentionTransferOptions options = {}) : options_(std::move(options)) {
    weights({});
  }

  const AttentionTransferOptions& options() const { return options_; }
  std::array<double, 1> weights(const Progress& progress) const {
    return {detail::not_negative("AttentionTransfer: weight", options_.weight, progress)};
  }

  /// Throws `ShapeError` when the layers' maps differ in size and only run time knows it.
  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT& teacher, const StudentT& student, Index capacity) const {
    using S = typename StudentT::Scalar;
    using Space = typename StudentT::Space;
    Tap::check_same_maps("AttentionTransfer", teacher, student);
    const Shape& maps = Tap::student_shape(student);
    return State<S, Space>{maps, Tap::teacher_shape(teacher),
                           Buffer<S, Space>(2 * maps.area() * capacity, student.space()),
                           SampleLosses<S, Space>(capacity, student.space())};
  }

  template <Real S, class Space>
  void accumulate(const DistillStep<S, Space>& step, State<S, Space>& state) const {
    const auto features = Tap::student_features(step);
    const auto target = Tap::teacher_features(step);
    const Index area = state.student.area();
    detail::check_widths("AttentionTransfer", state.student.features(), state.teacher.features(),
                         features.rows, target.rows);
    op_attention_transfer(step.space, area, features, target,
                          detail::batch_scale(weights(step.progress)[0], step),
                          Tap::student_gradient(step), state.losses.term(0, step.batch.size()),
                          state.attention.matrix(2 * area, step.batch.size()));
    state.losses.add_to(step);
  }

 private:
  using Tap = detail::Tap<TeacherLayer, StudentLayer>;

  AttentionTransferOptions options_;
};

}  // namespace kd
