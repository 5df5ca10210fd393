// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <utility>

#include "kd/core/named_options.hpp"
#include "kd/cpu/ops/similarity_preserving.hpp"
#include "kd/distill/scheduled.hpp"
#include "kd/distill/tap.hpp"
#include "kd/methods/pair_losses.hpp"

namespace kd {

struct SimilarityPreservingOptions {
  Scheduled weight = 3000;  ///< zero or more
  static constexpr std::array names{"weight"};
};

/// SP: samples that are alike to the teacher should be alike to the student:
/// `weight |G_s - G_t|^2 / B^2`, `G = F^T F` with each row divided by its length.
///
/// F: what layer `StudentLayer` of the student gives, or layer `TeacherLayer` of the teacher,
/// (features, batch), of any two widths; layers are counted from 1. The sum is over all B^2 pairs
/// of samples. Turning or scaling all features changes nothing. A sample whose features are all
/// zero is alike to none, itself included.
///
/// A batch of one sample, as a last one may be, adds nothing; a batch size of 1 throws
/// `ConfigError`. Source: Tung and Mori, "Similarity-preserving knowledge distillation", 2019,
/// equations 2 to 4, default weight theirs.
template <Index TeacherLayer, Index StudentLayer>
class SimilarityPreserving : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;

  static constexpr const char* name = "SimilarityPreserving";
  static constexpr std::array<const char*, 1> terms{"similarity"};
  static constexpr std::array<Index, 2> taps{TeacherLayer, StudentLayer};
  static constexpr LabelNeed label_need() { return LabelNeed::none; }

  /// Throws `ConfigError` when the weight is out of its range.
  explicit SimilarityPreserving(SimilarityPreservingOptions options = {})
      : options_(std::move(options)) {
    weights({});
  }

  const SimilarityPreservingOptions& options() const { return options_; }
  std::array<double, 1> weights(const Progress& progress) const {
    return {detail::not_negative("SimilarityPreserving: weight", options_.weight, progress)};
  }

  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT&, const StudentT& student, Index capacity) const {
    return detail::make_pair_losses<Tap, 1, TeacherT>("SimilarityPreserving", student, capacity, 2);
  }

  template <Real S, class Space>
  void accumulate(const DistillStep<S, Space>& step, detail::PairLosses<S, Space>& state) const {
    const Index batch = step.batch.size();
    if (batch < 2) return;
    op_similarity_preserving(step.space, Tap::student_features(step), Tap::teacher_features(step),
                             detail::batch_scale(weights(step.progress)[0], step),
                             Tap::student_gradient(step), state.losses.term(0, batch),
                             state.matrices(0, 1, batch), state.matrices(1, 1, batch));
    state.losses.add_to(step);
  }

 private:
  using Tap = detail::Tap<TeacherLayer, StudentLayer>;

  SimilarityPreservingOptions options_;
};

}  // namespace kd
