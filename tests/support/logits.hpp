// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "kd/distill/method.hpp"
#include "kd/nn/linear.hpp"
#include "support/random_matrix.hpp"

namespace kd::test {

/// What a method on logits makes of a batch.
template <class S>
struct LogitLoss {
  double value = 0;      ///< weighted, mean over the batch
  Vector<double> terms;  ///< each loss, not weighted, mean over the batch
  Matrix<S> gradient;    ///< at the student's logits
};

/// Runs a method on logits that are given, (classes, batch), as if a student had given them. The
/// teacher's are its own.
template <class M, class TeacherT>
class OnLogits {
 public:
  using S = typename TeacherT::Scalar;
  using Student = Network<Sequential<Linear<>>, cpu::Space, S>;
  using State = MethodState<M, TeacherT, Student>;

  OnLogits(M method, const TeacherT& teacher, Index capacity)
      : method_(std::move(method)),
        teacher_(teacher),
        student_(Sequential(Linear<>(1, teacher.num_classes())), Rng(0)),
        state_(method_.make_state(teacher_, student_, capacity)) {}

  State& state() { return state_; }

  LogitLoss<S> run(const Matrix<S>& logits, const Labels& labels, const Progress& progress = {},
                   Index views = 1) {
    const Matrix<S> inputs = Matrix<S>::Zero(1, logits.cols());
    const Vector<Index> indices = Vector<Index>::LinSpaced(logits.cols(), 0, logits.cols() - 1);
    Batch<S> batch{view(inputs), view(labels), view(indices)};
    batch.views = views;
    auto room = teacher_.make_workspace(logits.cols());
    auto tape = student_.make_workspace(logits.cols(), Mode::training);
    student_.forward(view(inputs), tape);
    map(tape.output(1)) = logits;
    if constexpr (kd::detail::TrainableState<State>) map(state_.grads()).setZero();
    Vector<double> totals = Vector<double>::Zero(static_cast<Index>(M::terms.size()));
    method_.accumulate(
        DistillStep<S, cpu::Space>{student_.space(), batch, teacher_.logits(batch, room), nullptr,
                                   tape, progress, view(totals)},
        state_);
    LogitLoss<S> loss{0, totals / static_cast<double>(logits.cols()), map(tape.grad(1))};
    const auto weights = method_.weights(progress);
    for (std::size_t k = 0; k < weights.size(); ++k)
      loss.value += weights[k] * loss.terms(static_cast<Index>(k));
    return loss;
  }

 private:
  M method_;
  const TeacherT& teacher_;
  Student student_;
  State state_;
};

/// A teacher that says the same of every batch.
template <class S>
class FixedTeacher {
 public:
  using Scalar = S;
  using Space = cpu::Space;
  static constexpr Index static_classes = dynamic;
  struct Workspace {};

  explicit FixedTeacher(Matrix<S> logits) : logits_(std::move(logits)) {}
  const Space& space() const { return space_; }
  Index num_classes() const { return logits_.rows(); }
  Workspace make_workspace(Index) const { return {}; }
  MatrixView<const S> logits(const Batch<S>&, Workspace&) const { return view(logits_); }

 private:
  Matrix<S> logits_;
  Space space_;
};

/// Once, against any teacher of this batch.
template <class M, class TeacherT>
auto on_logits(const M& method, const TeacherT& teacher,
               const Matrix<typename TeacherT::Scalar>& student, const Labels& labels,
               const Progress& progress = {}) {
  return OnLogits<M, TeacherT>(method, teacher, student.cols()).run(student, labels, progress);
}

/// Once, against these logits.
template <class M, class S>
LogitLoss<S> on_logits(const M& method, const Matrix<S>& teacher, const Matrix<S>& student,
                       const Labels& labels, const Progress& progress = {}) {
  return on_logits(method, FixedTeacher<S>(teacher), student, labels, progress);
}

/// Where the labels do not matter.
template <class M, class S>
LogitLoss<S> on_logits(const M& method, const Matrix<S>& teacher, const Matrix<S>& student) {
  return on_logits(method, teacher, student, Labels(Labels::Zero(student.cols())));
}

}  // namespace kd::test
