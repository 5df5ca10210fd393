// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/softmax.cuh"

namespace kd::cuda {

namespace detail {

template <Real S>
struct CrossEntropyKernel {
  const S* logits;
  const Label* labels;
  Index classes;
  S scale;
  S* dlogits;
  Write write;
  S* values;

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    const S* const z = logits + sample * classes;
    const Index y = labels[sample];
    const auto sums = softmax_sums<Team, Width>(z, classes, Softness<S>{true, false, S(1)});
    if (Team::rank() == 0) values[sample] = std::log(sums.plain) + sums.max - z[y];
    if (dlogits == nullptr) return;
    S* const dz = dlogits + sample * classes;
    const S factor = scale / sums.plain;
    for (Index c = Index{Team::rank()} * Width; c < classes; c += Index{Team::size} * Width) {
      const Pack<S, Width> logit = load<Width>(z + c);
      Pack<S, Width> grad{};
      if (write == Write::add) grad = load<Width>(dz + c);
      for (int k = 0; k < Width; ++k)
        grad.v[k] += std::exp(logit.v[k] - sums.max) * factor - (c + k == y ? scale : S(0));
      store(dz + c, grad);
    }
  }
};

}  // namespace detail

/// Cross-entropy: `values[b] = log sum_c exp(z_cb) - z_yb`, gradient `softmax(z_b) - onehot(y_b)`.
/// `scale` times the gradient is written or added to `dlogits` unless that is empty.
template <Real S>
void op_cross_entropy(const Space& space, MatrixView<const S, Space> logits,
                      VectorView<const Label, Space> labels, S scale, MatrixView<S, Space> dlogits,
                      Write write, VectorView<S, Space> values) {
  const detail::CrossEntropyKernel<S> kernel{logits.data,  labels.data, logits.rows, scale,
                                             dlogits.data, write,       values.data};
  detail::for_each_sample<S>(space, "cross entropy", logits.rows, logits.cols, kernel, logits.data,
                             dlogits.data);
}

}  // namespace kd::cuda
