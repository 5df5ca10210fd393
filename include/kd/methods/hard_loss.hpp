// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <utility>

#include "kd/core/each_option.hpp"
#include "kd/distill/scheduled.hpp"
#include "kd/distill/weighted_losses.hpp"

namespace kd::detail {

/// What `HardLabels` and `HardTargets` share: a loss on what the data set knows, whatever the
/// teacher says, that counts `weight`.
template <Loss L>
class HardLoss {
 public:
  static constexpr bool looks_inside = false;

  std::array<double, 1> weights(const Progress& progress) const {
    return {not_negative(weight_name_, weight_, progress)};
  }

  template <class F>
  void for_each_option(F&& f) const {
    f("weight", weight_);
    kd::detail::for_each_option(loss_, f);
  }

  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT&, const StudentT& student, Index capacity) const {
    return make_weighted_losses<1>(student, capacity);
  }
  template <Real S, class Space>
  void prepare(const Dataset& data, WeightedLosses<S, Space>& losses) const {
    losses.prepare(data);
  }

  template <Real S, class Space>
  void accumulate(const DistillStep<S, Space>& step, WeightedLosses<S, Space>& losses) const {
    losses.accumulate(loss_, step, weights(step.progress)[0]);
    losses.add_to(step);
  }

 protected:
  /// `weight_name` is what errors call the weight. Throws `ConfigError` when it is negative or not
  /// finite.
  HardLoss(const char* weight_name, L loss, Scheduled weight)
      : weight_name_(weight_name), loss_(std::move(loss)), weight_(std::move(weight)) {
    weights({});
  }

 private:
  const char* weight_name_;
  L loss_;
  Scheduled weight_;
};

}  // namespace kd::detail
