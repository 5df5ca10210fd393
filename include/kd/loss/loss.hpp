// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>

#include "kd/core/error.hpp"
#include "kd/core/labels.hpp"
#include "kd/core/matrix.hpp"
#include "kd/cpu/space.hpp"

namespace kd {

/// What a loss is given. It overwrites or adds to `dlogits`, as told and unless that is empty, with
/// `scale` times the gradient of each sample's loss, and writes each sample's loss to `values`; a
/// scale of one over the batch makes the gradient that of the batch mean.
template <Real S, class Space, class Target>
struct LossStep {
  const Space& space;
  MatrixView<const S, Space> logits;  ///< (classes, batch)
  Target target;                      ///< labels (batch), or a matrix of the logits' shape
  S scale;
  MatrixView<S, Space> dlogits;  ///< (classes, batch)
  Write write_dlogits;           ///< the first loss of a step overwrites: nothing was zeroed
  VectorView<S, Space> values;   ///< (batch)
};

template <Real S, class Space>
using LabelTarget = VectorView<const Label, Space>;
template <Real S, class Space>
using MatrixTarget = MatrixView<const S, Space>;

/// A loss is a value: its settings are named fields, and it holds nothing else.
template <class L>
concept Loss = std::copyable<L> &&
    requires(const L loss,
             LossStep<float, cpu::Space, typename L::template Target<float, cpu::Space>> step) {
  loss.accumulate(step);
};

/// A loss that compares logits with labels.
template <class L>
concept LabelLoss = Loss<L> &&
    std::same_as<typename L::template Target<float, cpu::Space>, LabelTarget<float, cpu::Space>>;

/// A loss that `fit` takes: on labels, or on numbers of the outputs' shape.
template <class L>
concept FitLoss = Loss<L> &&
    (std::same_as<typename L::template Target<float, cpu::Space>, LabelTarget<float, cpu::Space>> ||
     std::same_as<typename L::template Target<float, cpu::Space>, MatrixTarget<float, cpu::Space>>);

/// The mean of a loss over a batch, and its gradient with respect to the logits.
template <Real S>
struct LossResult {
  S value;
  Matrix<S> gradient;  ///< (classes, batch)
};

namespace detail {

/// The loss of a batch on the host, as users call it.
template <Real S, class L, class Target>
LossResult<S> evaluate_loss(const L& loss, const MatrixRef<S>& logits, Target target) {
  if (logits.cols() == 0 || logits.rows() == 0)
    throw ShapeError(text("loss: expected logits (classes, batch), got (", logits.rows(), ", ",
                          logits.cols(), ")"));
  const Matrix<S> z = logits;  // a view needs columns without gaps
  LossResult<S> result{S(0), Matrix<S>(z.rows(), z.cols())};
  Vector<S> values(z.cols());
  loss.accumulate(LossStep<S, cpu::Space, Target>{
      cpu::Space{}, view(z), target, S(1) / static_cast<S>(z.cols()), view(result.gradient),
      Write::overwrite, view(values)});
  result.value = values.mean();
  return result;
}

}  // namespace detail
}  // namespace kd
