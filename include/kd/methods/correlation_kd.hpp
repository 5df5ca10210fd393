// SPDX-License-Identifier: MIT
#pragma once

#include <array>

#include "kd/core/named_options.hpp"
#include "kd/cpu/ops/correlation_kd.hpp"
#include "kd/cpu/ops/sum.hpp"
#include "kd/distill/sample_losses.hpp"
#include "kd/distill/scheduled.hpp"

namespace kd {

struct CorrelationKdOptions {
  Scheduled temperature = 1;   ///< softens both distributions; positive
  Scheduled inter_weight = 1;  ///< of the relation between classes; zero or more
  Scheduled intra_weight = 1;  ///< of the relation within a class; zero or more
  static constexpr std::array names{"temperature", "inter_weight", "intra_weight"};
};

/// Distillation by correlation (DIST): the student need not hit the teacher's probabilities, only
/// rise and fall with them,
/// `T^2 [inter_weight (1 - mean_b rho(q_b, p_b)) + intra_weight (1 - mean_c rho(q_c, p_c))]`,
/// where `q_b` are the probabilities of a sample over the classes, `q_c` those of a class over the
/// batch, and rho is Pearson's correlation `<a~, b~> / (|a~| |b~| + 1e-8)`.
///
/// z: student logits, v: teacher logits, (classes, batch), `p = softmax(v/T)`, `q = softmax(z/T)`.
/// Gradient: through rho, `d rho/da = b~/N - rho |b~|/(N |a~|) a~` with N the denominator, then
/// through the softmax, `q (g - <q, g>) / T`. A last batch of one sample has no relation within a
/// class; that part counts zero. Source: Huang et al., "Knowledge distillation from a stronger
/// teacher", 2022, section 4; weights and temperature as for ImageNet, where the labels'
/// cross-entropy (`HardLabels`) counts 1 (for CIFAR-100: both 2, T = 4). The 1e-8 is the authors':
/// at T above about 1e3 it outweighs the lengths of nearly equal probabilities, and rho goes to 0.
class CorrelationKd : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;

  static constexpr const char* name = "CorrelationKd";
  static constexpr std::array<const char*, 2> terms{"inter-class", "intra-class"};
  static constexpr LabelNeed label_need() { return LabelNeed::none; }
  static constexpr bool compares_logits = true;

  template <Real S, class Space>
  struct State {
    Buffer<S, Space> inter;
    Buffer<S, Space> intra;
    Buffer<S, Space> room;  ///< three matrices (classes, capacity)
  };

  /// Throws `ConfigError` when an option is out of its range.
  explicit CorrelationKd(CorrelationKdOptions options = {}) : options_(std::move(options)) {
    check_at({});
  }

  void check_at(const Progress& progress) const {
    temperature(progress);
    weights(progress);
  }
  const CorrelationKdOptions& options() const { return options_; }
  std::array<double, 2> weights(const Progress& progress) const {
    return {detail::not_negative("CorrelationKd: inter_weight", options_.inter_weight, progress),
            detail::not_negative("CorrelationKd: intra_weight", options_.intra_weight, progress)};
  }

  /// Throws `ConfigError` when no batch can hold two samples.
  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT&, const StudentT& student, Index capacity) const {
    using S = typename StudentT::Scalar;
    using Space = typename StudentT::Space;
    if (capacity < 2)
      throw ConfigError(
          detail::text("CorrelationKd: expected batches of at least 2 samples, got ", capacity));
    const Index classes = student.num_classes();
    return State<S, Space>{Buffer<S, Space>(capacity, student.space()),
                           Buffer<S, Space>(classes, student.space()),
                           Buffer<S, Space>(3 * classes * capacity, student.space())};
  }

  template <Real S, class Space>
  void accumulate(const DistillStep<S, Space>& step, State<S, Space>& state) const {
    const auto [inter_weight, intra_weight] = weights(step.progress);
    const MatrixView<const S, Space> logits = step.student.logits();
    const Index size = logits.size();
    const VectorView<S, Space> rooms = state.room.first(3 * size);
    const auto room = [&](Index i) {
      return MatrixView<S, Space>(rooms.slice(i * size, size).data, logits.rows, logits.cols);
    };
    const VectorView<S, Space> inter = state.inter.first(logits.cols);
    const VectorView<S, Space> intra = state.intra.first(logits.rows);
    op_correlation_kd(
        step.space, logits, step.teacher_logits, static_cast<S>(temperature(step.progress)),
        detail::batch_scale(inter_weight, step), detail::batch_scale(intra_weight, step), room(0),
        room(1), room(2), step.student.grad(step.student.depth()), inter, intra);
    op_add_sum(step.space, VectorView<const S, Space>(inter), step.totals.slice(0, 1));
    op_add_sum(step.space, VectorView<const S, Space>(intra), step.totals.slice(1, 1));
  }

 private:
  double temperature(const Progress& progress) const {
    return detail::temperature("CorrelationKd: temperature", options_.temperature, progress);
  }

  CorrelationKdOptions options_;
};

}  // namespace kd
