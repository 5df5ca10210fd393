// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/elementwise.cuh"

namespace kd::cuda {

namespace detail {

template <Real S>
struct VirtualLogits {
  const Label* labels;
  Index classes;
  S own, other;
  S* logits;

  template <int N>
  __device__ void apply(Index i) const {
    Pack<S, N> value;
    for (int k = 0; k < N; ++k)
      value.v[k] = (i + k) % classes == labels[(i + k) / classes] ? own : other;
    store(logits + i, value);
  }
};

}  // namespace detail

/// `logits[c, b] = own` where c is the label of sample b, else `other`
template <Real S>
void op_virtual_logits(const Space& space, VectorView<const Label, Space> labels, S own, S other,
                       MatrixView<S, Space> logits) {
  detail::for_each<S>(space, "virtual logits", logits.size(),
                      detail::VirtualLogits<S>{labels.data, logits.rows, own, other, logits.data},
                      logits.data);
}

}  // namespace kd::cuda
