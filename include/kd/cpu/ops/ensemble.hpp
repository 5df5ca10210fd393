// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include "kd/cpu/softmax.hpp"

namespace kd::cpu {

/// `y = factor x` or `y += factor x`
template <Real S>
void op_scale(const Space&, VectorView<const S> x, S factor, VectorView<S> y, Write write) {
  if (write == Write::overwrite) {
    array(y) = factor * array(x);
  } else {
    array(y) += factor * array(x);
  }
}

/// Adds the probabilities of one set of logits to those so far, in logarithms:
/// `log_sum = log softmax(v/T)`, or `log (exp(log_sum) + softmax(v/T))`. (classes, batch)
template <Real S>
void op_add_probabilities(const Space&, MatrixView<const S> logits, S temperature,
                          MatrixView<S> log_sum, Write write) {
  detail::for_samples(logits, 3, [&](Index b) {
    const VectorView<S> sum = detail::sample(log_sum, b);
    if (write == Write::overwrite) {
      detail::log_softmax(detail::sample(logits, b), temperature, sum);
      return;
    }
    const VectorView<S> log_p{scratch<S>(logits.rows), logits.rows};
    detail::log_softmax(detail::sample(logits, b), temperature, log_p);
    const auto gap = (array(sum) - array(log_p)).abs();
    array(sum) = array(sum).max(array(log_p)) + (-gap).exp().log1p();
  });
}

/// Turns the logarithm of a sum of `count` distributions into logits that give their mean at
/// temperature T: `x = T (x - log count)`.
template <Real S>
void op_logits_of_mean(const Space&, VectorView<S> x, Index count, S temperature) {
  array(x) = temperature * (array(x) - std::log(static_cast<S>(count)));
}

}  // namespace kd::cpu
