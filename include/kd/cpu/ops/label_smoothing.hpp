// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cpu/softmax.hpp"

namespace kd::cpu {

/// Cross-entropy with smoothed labels: `values[b] = -sum_c u_c log softmax(z_b)_c`, where u gives
/// `1 - smoothing` to the class of the sample and shares the rest among all classes. Gradient
/// `softmax(z_b) - u`, `scale` times of which is written or added to `dlogits` unless that is
/// empty.
template <Real S>
void op_label_smoothing(const Space&, MatrixView<const S> logits, VectorView<const Label> labels,
                        S smoothing, S scale, MatrixView<S> dlogits, Write write,
                        VectorView<S> values) {
  const Index classes = logits.rows;
  const S share = smoothing / static_cast<S>(classes);
  detail::for_samples(logits, 2, [&](Index b) {
    const VectorView<S> log_q{scratch<S>(classes), classes};
    detail::log_softmax(detail::sample(logits, b), S(1), log_q);
    const Index y = labels.data[b];
    values.data[b] = -(S(1) - smoothing) * log_q.data[y] - share * array(log_q).sum();
    if (dlogits.empty()) return;
    const VectorView<S> dz = detail::sample(dlogits, b);
    const auto gradient = scale * (array(log_q).exp() - share);
    if (write == Write::overwrite) {
      array(dz) = gradient;
    } else {
      array(dz) += gradient;
    }
    dz.data[y] -= scale * (S(1) - smoothing);
  });
}

}  // namespace kd::cpu
