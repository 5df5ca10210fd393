// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <utility>

#include "kd/core/named_options.hpp"
#include "kd/cpu/ops/multi_level.hpp"
#include "kd/cpu/ops/soft_targets.hpp"
#include "kd/distill/sample_losses.hpp"
#include "kd/distill/scheduled.hpp"

namespace kd {

struct MultiLevelOptions {
  double lowest_temperature = 2;   ///< positive
  double highest_temperature = 6;  ///< at least the lowest
  Index temperatures = 5;          ///< from the lowest to the highest, in equal steps
  Scheduled instance_weight = 1;   ///< of the soft targets; zero or more
  Scheduled batch_weight = 1;      ///< of how samples go together; zero or more
  Scheduled class_weight = 1;      ///< of how classes go together; zero or more
  static constexpr std::array names{"lowest_temperature", "highest_temperature", "temperatures",
                                    "instance_weight",    "batch_weight",        "class_weight"};
};

/// Multi-level logit distillation (MLKD): soft targets, how likely two samples are of one class,
/// and how classes go together over the batch, each at several temperatures:
/// `sum_T [instance_weight T^2 mean_B KL(p || q) + batch_weight |Q^T Q - P^T P|^2 / B +
/// class_weight |Q Q^T - P P^T|^2 / C]`; in two views the mean of both views' losses.
///
/// z: student logits, v: teacher logits, (classes, batch), `p = softmax(v/T)`, `q = softmax(z/T)`,
/// the columns of P and Q, which are those of one view; C classes, B samples of the batch, so that
/// a last batch that is smaller compares less; squares are summed over all pairs. Gradient at q of
/// the two last: `4 batch_weight / B Q (Q^T Q - P^T P) + 4 class_weight / C (Q Q^T - P P^T) Q`, and
/// half of that in two views. Source: Jin, Wang, Lin, "Multi-level logit distillation", 2023, where
/// one view of each sample is weakly and the other strongly augmented (`FitOptions::augment` and
/// `second_view`). Every sample counts here, where the authors' code goes by how sure the teacher
/// is, adds up the two views, and compares samples and classes of the weak one alone.
class MultiLevel : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;

  static constexpr const char* name = "MultiLevel";
  static constexpr std::array<const char*, 3> terms{"instances", "batch", "classes"};
  static constexpr LabelNeed label_need() { return LabelNeed::none; }
  static constexpr bool compares_logits = true;

  template <Real S, class Space>
  struct State {
    Buffer<S, Space> q;
    Buffer<S, Space> p;
    Buffer<S, Space> dq;
    Buffer<S, Space> pairs;
    Buffer<S, Space> class_pairs;
    Buffer<S, Space> classes;  ///< the loss of every class
    SampleLosses<S, Space, 2> losses;
  };

  /// Throws `ConfigError` when an option is out of its range.
  explicit MultiLevel(MultiLevelOptions options = {}) : options_(std::move(options)) {
    weights({});
    detail::check_temperature("MultiLevel: lowest_temperature", options_.lowest_temperature);
    detail::check_temperature("MultiLevel: highest_temperature", options_.highest_temperature);
    detail::check_at_least_one("MultiLevel: temperatures", options_.temperatures);
    if (options_.highest_temperature < options_.lowest_temperature)
      throw ConfigError(
          detail::text("MultiLevel: highest_temperature must be at least the lowest, ",
                       options_.lowest_temperature, ", got ", options_.highest_temperature));
  }

  const MultiLevelOptions& options() const { return options_; }
  std::array<double, 3> weights(const Progress& progress) const {
    return {detail::not_negative("MultiLevel: instance_weight", options_.instance_weight, progress),
            detail::not_negative("MultiLevel: batch_weight", options_.batch_weight, progress),
            detail::not_negative("MultiLevel: class_weight", options_.class_weight, progress)};
  }

  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT&, const StudentT& student, Index capacity) const {
    using S = typename StudentT::Scalar;
    using Space = typename StudentT::Space;
    const Space& space = student.space();
    const Index classes = student.num_classes();
    const auto room = [&](Index size) { return Buffer<S, Space>(size, space); };
    return State<S, Space>{room(classes * capacity),
                           room(classes * capacity),
                           room(classes * capacity),
                           room(2 * capacity * capacity),
                           room(2 * classes * classes),
                           room(classes),
                           SampleLosses<S, Space, 2>(capacity, space)};
  }

  template <Real S, class Space>
  void accumulate(const DistillStep<S, Space>& step, State<S, Space>& state) const {
    const MatrixView<const S, Space> logits = step.student.logits();
    const Index all = logits.cols;
    const Index batch = step.batch.samples();
    const auto [instance, samples, classes] = weights(step.progress);
    const MatrixView<S, Space> gradient = step.student.grad(step.student.depth());
    const VectorView<S, Space> of_classes = state.classes.first(logits.rows);
    for (Index i = 0; i < options_.temperatures; ++i) {
      const auto temperature = static_cast<S>(temperature_at(i));
      op_soft_targets(step.space, logits, step.teacher_logits, VectorView<const Label, Space>{},
                      temperature, S(0), detail::batch_scale(instance, step), gradient, Write::add,
                      VectorView<S, Space>{}, state.losses.term(0, all));
      for (Index first = 0; first < all; first += batch) {
        op_multi_level(step.space, logits.middle_cols(first, batch),
                       step.teacher_logits.middle_cols(first, batch), temperature,
                       detail::batch_scale(samples, step), detail::batch_scale(classes, step),
                       gradient.middle_cols(first, batch),
                       state.losses.term(1, all).slice(first, batch), of_classes,
                       state.q.matrix(logits.rows, batch), state.p.matrix(logits.rows, batch),
                       state.dq.matrix(logits.rows, batch), state.pairs.matrix(batch, 2 * batch),
                       state.class_pairs.matrix(logits.rows, 2 * logits.rows));
        op_add_sum(step.space, VectorView<const S, Space>(of_classes), step.totals.slice(2, 1));
      }
      state.losses.add_to(step);
    }
  }

 private:
  double temperature_at(Index i) const {
    if (options_.temperatures == 1) return options_.lowest_temperature;
    return options_.lowest_temperature +
           (options_.highest_temperature - options_.lowest_temperature) * static_cast<double>(i) /
               static_cast<double>(options_.temperatures - 1);
  }

  MultiLevelOptions options_;
};

}  // namespace kd
