// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/named_options.hpp"
#include "kd/cpu/ops/soft_targets.hpp"
#include "kd/loss/loss.hpp"

namespace kd {

struct KlDivergenceOptions {
  double temperature = 1;  ///< divides the logits of both; positive
};

/// The divergence of the student's softened distribution from the teacher's:
/// `L_b = T^2 KL(p || q)`, `p = softmax(v_b/T)`, `q = softmax(z_b/T)`.
///
/// z: student logits, v: teacher logits, both (classes, batch). Sum over classes, mean over the
/// batch; gradient `(T / batch) (q - p)`. T^2 keeps the gradient's size when T changes (Hinton,
/// Vinyals, Dean, "Distilling the knowledge in a neural network", 2015, section 2.1). In PyTorch:
/// `T*T * kl_div(log_softmax(z/T), softmax(v/T), reduction="batchmean")`.
class KlDivergence : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;

  template <Real S, class Space>
  using Target = MatrixTarget<S, Space>;

  /// Throws `ConfigError` unless the temperature is between 1e-18 and 1e18.
  explicit KlDivergence(KlDivergenceOptions options = {}) : options_(options) {
    detail::check_temperature("KlDivergence: temperature", options.temperature);
  }

  double temperature() const { return options_.temperature; }

  template <Real S, class Space>
  void accumulate(const LossStep<S, Space, MatrixTarget<S, Space>>& step) const {
    op_soft_targets(step.space, step.logits, step.target, VectorView<const Label, Space>{},
                    static_cast<S>(options_.temperature), S(0), step.scale, step.dlogits,
                    step.write_dlogits, VectorView<S, Space>{}, step.values);
  }

  /// The mean loss of a batch and its gradient with respect to the student's logits. Throws
  /// `ShapeError` when the two differ in shape.
  template <class Student, class Teacher>
  auto operator()(const Eigen::MatrixBase<Student>& student_logits,
                  const Eigen::MatrixBase<Teacher>& teacher_logits) const {
    using S = typename Student::Scalar;
    detail::check_equal("KlDivergence", "teacher classes", student_logits.rows(),
                        teacher_logits.rows());
    detail::check_equal("KlDivergence", "teacher samples", student_logits.cols(),
                        teacher_logits.cols());
    const Matrix<S> teacher = teacher_logits;
    return detail::evaluate_loss<S>(*this, student_logits.derived(), view(teacher));
  }

 private:
  KlDivergenceOptions options_;
};

static_assert(Loss<KlDivergence>);

}  // namespace kd
