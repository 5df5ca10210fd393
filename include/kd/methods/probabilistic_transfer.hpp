// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "kd/core/named_options.hpp"
#include "kd/cpu/ops/probabilistic_transfer.hpp"
#include "kd/distill/sample_losses.hpp"
#include "kd/distill/scheduled.hpp"
#include "kd/distill/tap.hpp"

namespace kd {

struct ProbabilisticTransferOptions {
  Scheduled weight = 30000;  ///< zero or more; large, as the loss is a mean over B^2
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

  static constexpr std::array<const char*, 1> terms{"affinity"};

  template <Real S, class Space>
  struct State {
    Buffer<S, Space> room;  ///< two matrices (batch, batch) and two lengths a sample
    SampleLosses<S, Space> losses;
  };

  /// Throws `ConfigError` when the weight is out of its range.
  explicit ProbabilisticTransfer(ProbabilisticTransferOptions options = {})
      : options_(std::move(options)) {
    weights({});
  }

  std::array<double, 1> weights(const Progress& progress) const {
    return {detail::not_negative("ProbabilisticTransfer: weight", options_.weight, progress)};
  }

  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT&, const StudentT& student, Index capacity) const {
    using S = typename StudentT::Scalar;
    using Space = typename StudentT::Space;
    Tap::template check<TeacherT, StudentT>();
    detail::check_pairs("ProbabilisticTransfer", capacity);
    return State<S, Space>{Buffer<S, Space>(2 * capacity * (capacity + 1), student.space()),
                           SampleLosses<S, Space>(capacity, student.space())};
  }

  template <Real S, class Space>
  void accumulate(const DistillStep<S, Space>& step, State<S, Space>& state) const {
    const Index batch = step.batch.size();
    if (batch < 2) return;
    S* const room = state.room.first(2 * batch * (batch + 1)).data;
    op_probabilistic_transfer(step.space, Tap::student_features(step), Tap::teacher_features(step),
                              detail::batch_scale(weights(step.progress)[0], step),
                              Tap::student_gradient(step), state.losses.term(0, batch),
                              MatrixView<S, Space>{room, batch, batch},
                              MatrixView<S, Space>{room + batch * batch, batch, batch},
                              VectorView<S, Space>{room + 2 * batch * batch, 2 * batch});
    state.losses.add_to(step);
  }

 private:
  using Tap = detail::Tap<TeacherLayer, StudentLayer>;

  ProbabilisticTransferOptions options_;
};

}  // namespace kd
