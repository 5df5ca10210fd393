// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "kd/distill/method.hpp"
#include "kd/nn/linear.hpp"
#include "support/random_matrix.hpp"

namespace kd::test {

/// What a method on hidden features makes of a batch.
struct FeatureLoss {
  double value = 0;         ///< weighted, mean over the batch
  Matrix<double> gradient;  ///< at the student's features
};

/// Runs a method with taps at layer 1 of both networks on features that are given, (features,
/// batch) each, as if these layers had given them.
template <class M, class Architecture = Sequential<Linear<>>>
class OnFeatures {
 public:
  using Net = Network<Architecture, cpu::Space, double>;
  using State = MethodState<M, Net, Net>;

  OnFeatures(M method, Index student_width, Index teacher_width, Index capacity)
      : OnFeatures(std::move(method), Sequential(Linear<>(1, student_width)),
                   Sequential(Linear<>(1, teacher_width)), capacity) {}
  OnFeatures(M method, Architecture student, Architecture teacher, Index capacity)
      : method_(std::move(method)),
        student_(std::move(student), Rng(0)),
        teacher_(std::move(teacher), Rng(0)),
        state_(method_.make_state(teacher_, student_, capacity)) {}

  State& state() { return state_; }

  /// The gradients of the method's own weights begin at zero.
  FeatureLoss run(const Matrix<double>& student, const Matrix<double>& teacher,
                  const Labels& labels = {}, const Vector<Index>& indices = {}) {
    const Matrix<double> inputs = Matrix<double>::Zero(student_.in_features(), student.cols());
    const Matrix<double> others = Matrix<double>::Zero(teacher_.in_features(), student.cols());
    auto teacher_tape = teacher_.make_workspace(student.cols());
    auto student_tape = student_.make_workspace(student.cols(), Mode::training);
    teacher_.forward(view(others), teacher_tape);
    student_.forward(view(inputs), student_tape);
    map(teacher_tape.output(1)) = teacher;
    map(student_tape.output(1)) = student;
    if constexpr (kd::detail::TrainableState<State>) map(state_.grads()).setZero();
    Vector<double> totals = Vector<double>::Zero(static_cast<Index>(M::terms.size()));
    const Batch<double> batch{view(inputs), view(labels), view(indices)};
    method_.accumulate(
        DistillStep<double, cpu::Space>{student_.space(), batch, teacher_tape.logits(),
                                        &teacher_tape, student_tape, Progress{}, view(totals)},
        state_);
    const auto weights = method_.weights(Progress{});
    FeatureLoss loss;
    for (std::size_t k = 0; k < weights.size(); ++k)
      loss.value +=
          weights[k] * totals(static_cast<Index>(k)) / static_cast<double>(student.cols());
    loss.gradient = map(student_tape.grad(1));
    return loss;
  }

 private:
  M method_;
  Net student_;
  Net teacher_;
  State state_;
};

/// Once, without looking at the state.
template <class M>
FeatureLoss on_features(const M& method, const Matrix<double>& student,
                        const Matrix<double>& teacher) {
  return OnFeatures<M>(method, student.rows(), teacher.rows(), student.cols())
      .run(student, teacher);
}

/// A matrix that turns vectors without changing their lengths: a product of reflections.
inline Matrix<double> rotation(Index size, std::uint64_t seed) {
  Matrix<double> turn = Matrix<double>::Identity(size, size);
  for (std::uint64_t k = 0; k < 4; ++k) {
    const Vector<double> axis = random_matrix<double>(size, 1, 100 * seed + k).normalized();
    turn = (turn - 2 * axis * (axis.transpose() * turn)).eval();
  }
  return turn;
}

}  // namespace kd::test
