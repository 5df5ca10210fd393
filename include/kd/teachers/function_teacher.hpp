// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>
#include <utility>

#include "kd/core/matrix.hpp"
#include "kd/cpu/space.hpp"
#include "kd/teachers/logits_from_elsewhere.hpp"
#include "kd/teachers/teacher.hpp"

namespace kd {

/// A function as a teacher, such as a lambda around somebody else's runtime:
/// `FunctionTeacher teacher(10, [&](const kd::MatrixRef<float>& inputs) { return run(inputs); })`.
///
/// It is called once a step, on the CPU, with inputs (features, batch), one column a sample, and
/// returns logits (classes, batch), not probabilities, as an Eigen matrix or expression. Where the
/// first batch looks like probabilities, it is refused, unless told to `accept_probabilities`.
template <class F, Real ScalarT>
class FunctionTeacher {
  static constexpr bool is_mutable = !std::is_invocable_v<const F&, const Matrix<ScalarT>&> &&
                                     (std::is_invocable_v<F&, const Matrix<float>&> ||
                                      std::is_invocable_v<F&, const Matrix<double>&>);
  static_assert(!is_mutable,
                "the function of a FunctionTeacher is called as const: a lambda must not be "
                "mutable; what it changes it can capture by reference");
  static_assert(
      is_mutable || std::is_invocable_v<const F&, const Matrix<ScalarT>&>,
      "the function of a FunctionTeacher takes a const kd::MatrixRef<float>& (or <double>) "
      "and returns an Eigen matrix");

 public:
  using Scalar = ScalarT;
  using Space = cpu::Space;
  static constexpr Index static_classes = dynamic;

  /// The logits of the current batch.
  struct Workspace {
    Matrix<Scalar> logits;
    bool were_looked_at = false;
  };

  /// Throws `ConfigError` when there is no class or the function is empty.
  FunctionTeacher(Index classes, F function, LogitsOptions options = {})
      : classes_(classes), function_(std::move(function)), options_(options) {
    detail::check_at_least_one("FunctionTeacher: classes", classes);
    if constexpr (std::is_pointer_v<F> || requires { function_.operator bool(); })
      if (!function_) throw ConfigError("FunctionTeacher: expected a function, got an empty one");
  }

  const Space& space() const { return space_; }
  Index num_classes() const { return classes_; }
  Workspace make_workspace(Index capacity) const { return {Matrix<Scalar>(classes_, capacity)}; }

  /// Throws `ShapeError` when the function returns something else than (classes, batch),
  /// `DataError` when that looks like probabilities.
  MatrixView<const Scalar> logits(const Batch<Scalar>& batch, Workspace& workspace) const {
    const MatrixRef<Scalar> inputs(map(batch.inputs));
    workspace.logits = function_(inputs);
    detail::check_equal("FunctionTeacher", "classes in the logits", classes_,
                        workspace.logits.rows());
    detail::check_equal("FunctionTeacher", "samples in the logits", batch.size(),
                        workspace.logits.cols());
    const MatrixView<const Scalar> given = view(std::as_const(workspace.logits));
    if (!workspace.were_looked_at) detail::check_are_logits("FunctionTeacher", given, options_);
    workspace.were_looked_at |= given.cols > 1;  // one sample says too little
    return given;
  }

 private:
  Index classes_;
  F function_;
  LogitsOptions options_;
  Space space_;
};

// Asked with matrices: one `Eigen::Ref` seems to convert to any other.
template <class F>
FunctionTeacher(Index, F, LogitsOptions = {}) -> FunctionTeacher<
    F, std::conditional_t<std::is_invocable_v<const F&, const Matrix<float>&>, float, double>>;

}  // namespace kd
