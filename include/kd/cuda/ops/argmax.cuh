// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/softmax.cuh"

namespace kd::cuda {

namespace detail {

template <Real S>
struct Largest {
  S value;
  Label at;
};
template <>
struct Largest<double> {
  double value;
  Index at;  // of the value's size, so that no byte is padding
};

/// Whether `a` is larger than `b`, where NaN is larger than any number, as in PyTorch.
template <Real S>
__device__ __forceinline__ bool is_above(S a, S b) {
  return a > b || (a != a && b == b);
}

struct LargerFirst {
  template <Real S>
  __device__ __forceinline__ Largest<S> operator()(Largest<S> a, Largest<S> b) const {
    const bool second = is_above(b.value, a.value) || (b.at < a.at && !is_above(a.value, b.value));
    return second ? b : a;
  }
};

template <Real S>
struct ArgmaxKernel {
  const S* logits;
  Index classes;
  Label* result;

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    const S* const z = logits + sample * classes;
    const LargerFirst larger;
    // Class 0 stands for nothing found: only minus infinity is not above it.
    Largest<S> best{-infinity<S>, 0};
    for (Index c = Index{Team::rank()} * Width; c < classes; c += Index{Team::size} * Width) {
      const Pack<S, Width> pack = load<Width>(z + c);
      for (int k = 0; k < Width; ++k)
        if (is_above(pack.v[k], best.value))
          best = {pack.v[k], static_cast<decltype(best.at)>(c + k)};
    }
    best = Team::reduce(best, larger);
    if (Team::rank() == 0) result[sample] = static_cast<Label>(best.at);
  }
};

}  // namespace detail

/// `classes[b]` = the class of the largest logit of sample b, the first of equals; NaN is larger
/// than any number.
template <Real S>
void op_argmax(const Space& space, MatrixView<const S, Space> logits,
               VectorView<Label, Space> classes) {
  const detail::ArgmaxKernel<S> kernel{logits.data, logits.rows, classes.data};
  detail::for_each_sample<S>(space, "argmax", logits.rows, logits.cols, kernel, logits.data);
}

}  // namespace kd::cuda
