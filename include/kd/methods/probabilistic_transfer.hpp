// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <utility>

#include "kd/core/named_options.hpp"
#include "kd/cpu/ops/probabilistic_transfer.hpp"
#include "kd/distill/scheduled.hpp"
#include "kd/distill/tap.hpp"
#include "kd/methods/pair_losses.hpp"

namespace kd {

struct ProbabilisticTransferOptions {
  Scheduled weight = 30000;  ///< zero or more; large, as the loss is a mean over B^2
  static constexpr std::array names{"weight"};
};

/// PKT: the chance that one sample picks another as its neighbour should be the teacher's:
/// `weight mean_ij t_ij log(t_ij / s_ij)`, `s_ij = c_ij / sum_k c_ik`,
/// `c_ij = (cosine of f_i and f_j + 1) / 2`, t the same of the teacher.
///
/// f: what layer `StudentLayer` of the student gives, or layer `TeacherLayer` of the teacher,
/// (features, batch), of any two widths; layers are counted from 1. The mean is over all B^2 pairs
/// of samples, a sample with itself included; 1e-7 is added to lengths and within the logarithm.
/// Turning all features, or making one longer, changes nothing. A sample whose features are all
/// zero gets no gradient.
///
/// A batch of one sample, as a last one may be, adds nothing; a batch size of 1 throws
/// `ConfigError`. Source: Passalis and Tefas, "Learning deep representations with probabilistic
/// knowledge transfer", 2018, equations 5 to 8 with the cosine kernel; weight as is common since
/// Tian et al., "Contrastive representation distillation", 2020.
template <Index TeacherLayer, Index StudentLayer>
class ProbabilisticTransfer : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;

  static constexpr const char* name = "ProbabilisticTransfer";
  static constexpr std::array<const char*, 1> terms{"affinity"};
  static constexpr std::array<Index, 2> taps{TeacherLayer, StudentLayer};
  static constexpr LabelNeed label_need() { return LabelNeed::none; }

  /// Throws `ConfigError` when the weight is out of its range.
  explicit ProbabilisticTransfer(ProbabilisticTransferOptions options = {})
      : options_(std::move(options)) {
    weights({});
  }

  const ProbabilisticTransferOptions& options() const { return options_; }
  std::array<double, 1> weights(const Progress& progress) const {
    return {detail::not_negative("ProbabilisticTransfer: weight", options_.weight, progress)};
  }

  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT&, const StudentT& student, Index capacity) const {
    return detail::make_pair_losses<Tap, 1, TeacherT>("ProbabilisticTransfer", student, capacity, 2,
                                                      2);
  }

  template <Real S, class Space>
  void accumulate(const DistillStep<S, Space>& step, detail::PairLosses<S, Space>& state) const {
    const Index batch = step.batch.size();
    if (batch < 2) return;
    op_probabilistic_transfer(
        step.space, Tap::student_features(step), Tap::teacher_features(step),
        detail::batch_scale(weights(step.progress)[0], step), Tap::student_gradient(step),
        state.losses.term(0, batch), state.matrices(0, 1, batch), state.matrices(1, 1, batch),
        state.room.first(2 * batch * (batch + 1)).slice(2 * batch * batch, 2 * batch));
    state.losses.add_to(step);
  }

 private:
  using Tap = detail::Tap<TeacherLayer, StudentLayer>;

  ProbabilisticTransferOptions options_;
};

}  // namespace kd
