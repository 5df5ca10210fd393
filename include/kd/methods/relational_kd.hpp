// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <utility>

#include "kd/core/named_options.hpp"
#include "kd/cpu/ops/pair_distances.hpp"
#include "kd/cpu/ops/relational.hpp"
#include "kd/distill/scheduled.hpp"
#include "kd/distill/tap.hpp"
#include "kd/methods/pair_losses.hpp"

namespace kd {

struct RelationalKdOptions {
  Scheduled distance_weight = 25;  ///< zero or more
  Scheduled angle_weight = 50;     ///< zero or more
  static constexpr std::array names{"distance_weight", "angle_weight"};
};

/// RKD: the samples of a batch should lie to each other as they do in the teacher:
/// `distance_weight mean_ij l(d_ij / mean(d) - t_ij / mean(t)) +
/// angle_weight mean_ijk l(cos(f_j - f_i, f_k - f_i) - cos(g_j - g_i, g_k - g_i))`.
///
/// f: what layer `StudentLayer` of the student gives, g: layer `TeacherLayer` of the teacher,
/// (features, batch), of any two widths; layers are counted from 1. `d_ij = |f_i - f_j|`, `t_ij`
/// the teacher's; their means are over pairs of different samples, the others over all B^2 pairs
/// and B^3 triplets; l is the smooth L1 loss (`x^2 / 2` up to 1, `|x| - 1/2` beyond). Moving,
/// rotating and scaling all features changes nothing. Samples that are equal have no direction from
/// one to the other: the cosine is 0. A loss whose weight is 0 is left out and
/// reported as 0.
///
/// A batch of one sample, as a last one may be, adds nothing; a batch size of 1 throws
/// `ConfigError`. The angles take `batch^3` time and `batch^2` room.
/// Source: Park, Kim, Lu, Cho, "Relational knowledge distillation", 2019, equations 4 to 8; default
/// weights theirs for both losses together. Their code takes distances for 1e-6 at the least.
template <Index TeacherLayer, Index StudentLayer>
class RelationalKd : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;

  static constexpr const char* name = "RelationalKd";
  static constexpr std::array<const char*, 2> terms{"distance", "angle"};
  static constexpr std::array<Index, 2> taps{TeacherLayer, StudentLayer};
  static constexpr LabelNeed label_need() { return LabelNeed::none; }

  /// Throws `ConfigError` when a weight is out of its range.
  explicit RelationalKd(RelationalKdOptions options = {}) : options_(std::move(options)) {
    weights({});
  }

  const RelationalKdOptions& options() const { return options_; }
  std::array<double, 2> weights(const Progress& progress) const {
    return {
        detail::not_negative("RelationalKd: distance_weight", options_.distance_weight, progress),
        detail::not_negative("RelationalKd: angle_weight", options_.angle_weight, progress)};
  }

  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT&, const StudentT& student, Index capacity) const {
    return detail::make_pair_losses<Tap, 2, TeacherT>("RelationalKd", student, capacity, 6);
  }

  template <Real S, class Space>
  void accumulate(const DistillStep<S, Space>& step, detail::PairLosses<S, Space, 2>& state) const {
    const Index batch = step.batch.size();
    if (batch < 2) return;
    const MatrixView<S, Space> student = state.matrices(0, 2, batch);
    const MatrixView<S, Space> teacher = state.matrices(2, 2, batch);
    const MatrixView<S, Space> pull = state.matrices(4, 1, batch);
    const MatrixView<S, Space> spare = state.matrices(5, 1, batch);
    const MatrixView<const S, Space> student_read = student, teacher_read = teacher;
    const auto [distance_weight, angle_weight] = weights(step.progress);

    op_pair_distances(step.space, Tap::student_features(step), student);
    op_pair_distances(step.space, Tap::teacher_features(step), teacher);
    op_zero(step.space, pull.flat());
    op_zero(step.space, state.losses.term(0, batch));
    op_zero(step.space, state.losses.term(1, batch));
    if (distance_weight > 0)
      op_relational_distance(step.space, student_read, teacher_read,
                             detail::batch_scale(distance_weight, step), pull, spare,
                             state.losses.term(0, batch));
    if (angle_weight > 0)
      op_relational_angle(step.space, Tap::student_features(step), student_read,
                          Tap::teacher_features(step), teacher_read,
                          detail::batch_scale(angle_weight, step), pull, spare,
                          state.losses.term(1, batch));
    op_add_pulls(step.space, Tap::student_features(step), MatrixView<const S, Space>(pull),
                 Tap::student_gradient(step));
    state.losses.add_to(step);
  }

 private:
  using Tap = detail::Tap<TeacherLayer, StudentLayer>;

  RelationalKdOptions options_;
};

}  // namespace kd
