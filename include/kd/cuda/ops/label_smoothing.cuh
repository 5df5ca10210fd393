// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/elementwise.cuh"
#include "kd/cuda/log_softmax.cuh"

namespace kd::cuda {

namespace detail {

template <Real S>
struct LabelSmoothingKernel {
  const S* logits;
  const Label* labels;
  Index classes;
  S smoothing, scale;
  S* dlogits;
  Write write;
  S* values;

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    const Index first = sample * classes;
    const auto q = LogSoftmax<S>::template of<Team, Width>(logits + first, classes, S(1));
    const Index y = labels[sample];
    const S share = smoothing / static_cast<S>(classes);
    S sum = 0;
    for_classes<Team, Width>(classes, [&](Index c) {
      const auto log_q = q.template at<Width>(c);
      Pack<S, Width> grad;
      for (int k = 0; k < Width; ++k) {
        sum += log_q.v[k];
        grad.v[k] = scale * (std::exp(log_q.v[k]) - share - (c + k == y ? S(1) - smoothing : S(0)));
      }
      if (dlogits != nullptr) put(dlogits + first + c, grad, write);
    });
    sum = Team::reduce(sum, Sum{});
    if (Team::rank() == 0)
      values[sample] = -(S(1) - smoothing) * q.template at<1>(y).v[0] - share * sum;
  }
};

}  // namespace detail

/// Cross-entropy with smoothed labels: `values[b] = -sum_c u_c log softmax(z_b)_c`, where u gives
/// `1 - smoothing` to the class of the sample and shares the rest among all classes. Gradient
/// `softmax(z_b) - u`, `scale` times of which is written or added to `dlogits` unless that is
/// empty.
template <Real S>
void op_label_smoothing(const Space& space, MatrixView<const S, Space> logits,
                        VectorView<const Label, Space> labels, S smoothing, S scale,
                        MatrixView<S, Space> dlogits, Write write, VectorView<S, Space> values) {
  const detail::LabelSmoothingKernel<S> kernel{logits.data, labels.data,  logits.rows, smoothing,
                                               scale,       dlogits.data, write,       values.data};
  detail::for_each_sample<S>(space, "label smoothing", logits.rows, logits.cols, kernel,
                             logits.data, dlogits.data);
}

}  // namespace kd::cuda
