// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "kd/core/each_option.hpp"
#include "kd/core/fingerprint_of.hpp"
#include "kd/cpu/ops/nkd.hpp"
#include "kd/cpu/ops/transport.hpp"
#include "kd/distill/sample_losses.hpp"
#include "kd/distill/scheduled.hpp"
#include "kd/nn/linear.hpp"

namespace kd {

struct WassersteinLogitsOptions {
  Scheduled temperature = 8;         ///< softens the other classes alone; positive
  Scheduled target_weight = 1;       ///< of the sample's class; zero or more
  Scheduled transport_weight = 600;  ///< of the other classes among themselves; zero or more
  double regularisation = 0.05;      ///< of the plan, in costs; at least a 30th of the largest
  Index rounds = 10;                 ///< of Sinkhorn's
  static constexpr std::array names{"temperature", "target_weight", "transport_weight",
                                    "regularisation", "rounds"};
};

/// What it costs to take one class for another, by the last layer of a network:
/// `c_ij = 1 - exp(-(1 - cosine of the weights of class i and class j))`, (classes, classes).
/// Source: Lv et al., 2024, as for `WassersteinLogits`.
template <class Architecture, Real S>
Matrix<double> class_costs(const Network<Architecture, cpu::Space, S>& network) {
  static_assert(detail::is_linear<std::remove_cvref_t<
                    decltype(network.architecture().template layer<Architecture::depth>())>>,
                "class_costs compares the weights of classes, so the network must end in Linear");
  // `auto`, so that nothing is instantiated for those who only include this.
  auto weight =
      network.template layer<Architecture::depth>().weight().template cast<double>().eval();
  for (Index i = 0; i < weight.rows(); ++i) weight.row(i).normalize();
  auto costs = (weight * weight.transpose()).eval();
  costs.array() = 1 - (costs.array() - 1).min(0.).exp();
  costs.diagonal().setZero();
  return costs;
}

/// WKD-L: beside a cross-entropy with what the teacher thinks of the sample's class y, what it
/// costs to carry the student's opinion of the other classes over to the teacher's:
/// `-target_weight p_y log q_y + transport_weight sum_ij F_ij c_ij`.
///
/// A divergence compares a class with itself; here to take a cat for a dog is cheaper than to take
/// it for a car. c: what it costs from class i to class j, zero or more, (classes, classes), such
/// as `class_costs(teacher)`. F: the plan of transport from q^ to p^, softmaxes of `z/T` and `v/T`
/// over the classes other than y, which Sinkhorn's iteration gives after `rounds`, with
/// `K = exp(-c / regularisation)`; the gradient is that of these rounds. z: student logits, v:
/// teacher logits, (classes, batch), `p = softmax(v)`, `q = softmax(z)`; mean over the batch; no
/// T^2. A step takes the time of `8 rounds classes^2` multiplications a sample: for few classes.
///
/// Source: Lv et al., "Wasserstein distance rivals Kullback-Leibler divergence for knowledge
/// distillation", 2024, the part on logits with separated target; figures as in the authors' code,
/// where the transport's weight falls along a cosine at the end and 1e-8 is added to divisors.
class WassersteinLogits {
 public:
  static constexpr const char* name = "WassersteinLogits";
  static constexpr std::array<const char*, 2> terms{"target", "transport"};
  static constexpr LabelNeed label_need() { return LabelNeed::every; }
  static constexpr bool compares_logits = true;

  template <Real S, class Space>
  struct State {
    Buffer<S, Space> kernel;  ///< `exp(-c / regularisation)`
    Buffer<S, Space> costs;   ///< the same times c
    Buffer<S, Space> room;
    SampleLosses<S, Space, 3> losses;  ///< the last for what `Nkd` has beside the target
  };

  /// Throws `ConfigError` when an option or a cost is out of its range, `ShapeError` when the costs
  /// are not square.
  explicit WassersteinLogits(Matrix<double> costs, WassersteinLogitsOptions options = {})
      : costs_(std::move(costs)), options_(std::move(options)) {
    check_at({});
    detail::check_positive("WassersteinLogits: regularisation", options_.regularisation);
    detail::check_at_least_one("WassersteinLogits: rounds", options_.rounds);
    detail::check_equal("WassersteinLogits", "columns of costs, as there are rows", costs_.rows(),
                        costs_.cols());
    for (Index i = 0; i < costs_.size(); ++i)
      detail::check_not_negative("WassersteinLogits: costs", costs_.data()[i]);
    double largest = 0;
    for (Index i = 0; i < costs_.size(); ++i) largest = std::max(largest, costs_.data()[i]);
    if (largest > 30 * options_.regularisation)
      throw ConfigError(
          detail::text("WassersteinLogits: regularisation must be at least a 30th of "
                       "the largest cost, ",
                       largest, ", got ", options_.regularisation));
  }

  const WassersteinLogitsOptions& options() const { return options_; }
  template <class F>
  void for_each_option(F&& f) const {
    f("fingerprint of costs", detail::fingerprint_of(cpu::Space{}, view(costs_).flat()));
    detail::for_each_field(options_, f);
  }
  const Matrix<double>& costs() const { return costs_; }
  void check_at(const Progress& progress) const {
    temperature(progress);
    weights(progress);
  }
  std::array<double, 2> weights(const Progress& progress) const {
    return {
        detail::not_negative("WassersteinLogits: target_weight", options_.target_weight, progress),
        detail::not_negative("WassersteinLogits: transport_weight", options_.transport_weight,
                             progress)};
  }

  /// Throws `ShapeError` when there are not as many classes as costs, `ConfigError` when there are
  /// fewer than two.
  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT&, const StudentT& student, Index capacity) const {
    using S = typename StudentT::Scalar;
    using Space = typename StudentT::Space;
    const Index classes = student.num_classes();
    detail::check_equal("WassersteinLogits", "classes, as there are rows of costs", costs_.rows(),
                        classes);
    if (classes < 2)
      throw ConfigError(
          detail::text("WassersteinLogits: expected at least 2 classes, got ", classes));
    const Space& space = student.space();
    Matrix<S> kernel(classes, classes);
    Matrix<S> costs(classes, classes);
    for (Index i = 0; i < costs_.size(); ++i) {
      const double cost = costs_.data()[i];
      const double share = std::exp(-cost / options_.regularisation);
      kernel.data()[i] = static_cast<S>(share);
      costs.data()[i] = static_cast<S>(share * cost);
    }
    const auto uploaded = [&](const Matrix<S>& x) {
      Buffer<S, Space> buffer(x.size(), space);
      op_upload(space, view(x).flat(), buffer.view());
      return buffer;
    };
    return State<S, Space>{uploaded(kernel), uploaded(costs),
                           Buffer<S, Space>(room_rows(classes) * capacity, space),
                           SampleLosses<S, Space, 3>(capacity, space)};
  }

  template <Real S, class Space>
  void accumulate(const DistillStep<S, Space>& step, State<S, Space>& state) const {
    const Index batch = step.batch.size();
    const Index classes = step.teacher_logits.rows;
    const auto [target, transport] = weights(step.progress);
    const MatrixView<S, Space> dlogits = step.student.grad(step.student.depth());
    op_nkd(step.space, step.student.logits(), step.teacher_logits, step.batch.labels, S(1),
           detail::batch_scale(target, step), S(0), dlogits, state.losses.term(0, batch),
           state.losses.term(2, batch));
    op_transport(step.space, step.student.logits(), step.teacher_logits, step.batch.labels,
                 MatrixView<const S, Space>(state.kernel.matrix(classes, classes)),
                 MatrixView<const S, Space>(state.costs.matrix(classes, classes)),
                 static_cast<S>(temperature(step.progress)), options_.rounds,
                 detail::batch_scale(transport, step), dlogits, state.losses.term(1, batch),
                 state.room.matrix(room_rows(classes), batch));
    for (Index k = 0; k < 2; ++k)
      op_add_sum(step.space, VectorView<const S, Space>(state.losses.term(k, batch)),
                 step.totals.slice(k, 1));
  }

 private:
  Index room_rows(Index classes) const { return (9 + 2 * options_.rounds) * classes; }
  double temperature(const Progress& progress) const {
    return detail::temperature("WassersteinLogits: temperature", options_.temperature, progress);
  }

  Matrix<double> costs_;
  WassersteinLogitsOptions options_;
};

}  // namespace kd
