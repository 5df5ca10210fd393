// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/elementwise.cuh"
#include "kd/cuda/softmax.cuh"

namespace kd::cuda {

namespace detail {

template <Real S>
struct SquaredErrorKernel {
  const S* y;
  const S* target;
  Index features;
  S scale;
  S* dy;
  Write write;
  S* values;

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    const Index first = sample * features;
    const S share = S(1) / static_cast<S>(features);
    S sum = 0;
    for_classes<Team, Width>(features, [&](Index i) {
      Pack<S, Width> error = load<Width>(y + first + i);
      const Pack<S, Width> aim = load<Width>(target + first + i);
      for (int k = 0; k < Width; ++k) {
        error.v[k] -= aim.v[k];
        sum += error.v[k] * error.v[k];
        error.v[k] *= S(2) * scale * share;
      }
      if (dy != nullptr) put(dy + first + i, error, write);
    });
    sum = Team::reduce(sum, Sum{});
    if (Team::rank() == 0) values[sample] = share * sum;
  }
};

}  // namespace detail

/// `values[b]` = mean over the features of `(y_b - t_b)^2`; dy = scale times its gradient, unless
/// dy is empty.
template <Real S>
void op_squared_error(const Space& space, MatrixView<const S, Space> y,
                      MatrixView<const S, Space> target, S scale, MatrixView<S, Space> dy,
                      Write write, VectorView<S, Space> values) {
  const detail::SquaredErrorKernel<S> kernel{y.data,  target.data, y.rows,     scale,
                                             dy.data, write,       values.data};
  detail::for_each_sample<S>(space, "squared error", y.rows, y.cols, kernel, y.data, target.data,
                             dy.data);
}

}  // namespace kd::cuda
