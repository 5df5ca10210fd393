// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/elementwise.cuh"
#include "kd/cuda/softmax.cuh"
#include "kd/cuda/two_sums.cuh"

namespace kd::cuda {

namespace detail {

template <Real S>
struct StandardizeKernel {
  const S* x;
  Index features;
  S* out;
  S* deviations;

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    const S* const from = x + sample * features;
    S sum = 0;
    for_classes<Team, Width>(features, [&](Index i) {
      const auto pack = load<Width>(from + i);
      for (int k = 0; k < Width; ++k) sum += pack.v[k];
    });
    const S mean = Team::reduce(sum, Sum{}) / static_cast<S>(features);
    S squares = 0;
    for_classes<Team, Width>(features, [&](Index i) {
      const auto pack = load<Width>(from + i);
      for (int k = 0; k < Width; ++k) squares += (pack.v[k] - mean) * (pack.v[k] - mean);
    });
    const S deviation = std::sqrt(Team::reduce(squares, Sum{}) / static_cast<S>(features - 1));
    if (Team::rank() == 0) deviations[sample] = deviation;
    const S factor = S(1) / (deviation + S(1e-7));
    for_classes<Team, Width>(features, [&](Index i) {
      auto pack = load<Width>(from + i);
      for (int k = 0; k < Width; ++k) pack.v[k] = (pack.v[k] - mean) * factor;
      store(out + sample * features + i, pack);
    });
  }
};

template <Real S>
struct StandardizeBackwardKernel {
  const S* y;
  const S* deviations;
  Index features;
  const S* dy;
  S* dx;

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    const Index first = sample * features;
    TwoSums<S> sums{S(0), S(0)};  // of dy, of dy y
    for_classes<Team, Width>(features, [&](Index i) {
      const auto out = load<Width>(y + first + i);
      const auto grad = load<Width>(dy + first + i);
      for (int k = 0; k < Width; ++k) {
        sums.first += grad.v[k];
        sums.second += grad.v[k] * out.v[k];
      }
    });
    sums = Team::reduce(sums, AddBoth{});
    const S deviation = deviations[sample];
    const S mean = sums.first / static_cast<S>(features);
    const S shrink =
        deviation > S(0) ? sums.second / (static_cast<S>(features - 1) * deviation) : S(0);
    const S factor = S(1) / (deviation + S(1e-7));
    for_classes<Team, Width>(features, [&](Index i) {
      const auto out = load<Width>(y + first + i);
      auto grad = load<Width>(dy + first + i);
      for (int k = 0; k < Width; ++k) grad.v[k] = (grad.v[k] - mean) * factor - shrink * out.v[k];
      put(dx + first + i, grad, Write::add);
    });
  }
};

}  // namespace detail

/// `out = (x - mean) / (deviation + 1e-7)` within each sample, the deviation with `features - 1`;
/// `deviations[b]` keeps it for backward. x, out: (features, batch), at least 2 features.
template <Real S>
void op_standardize(const Space& space, MatrixView<const S, Space> x, MatrixView<S, Space> out,
                    VectorView<S, Space> deviations) {
  const detail::StandardizeKernel<S> kernel{x.data, x.rows, out.data, deviations.data};
  detail::for_each_sample<S>(space, "standardize", x.rows, x.cols, kernel, x.data, out.data);
}

/// The gradient through `op_standardize`: with `s = deviation + 1e-7` and y what it gave,
/// `dx += (dy - mean(dy)) / s - y <dy, y> / ((features - 1) deviation)`. Equal features have no
/// deviation, and no second part.
template <Real S>
void op_standardize_backward(const Space& space, MatrixView<const S, Space> y,
                             VectorView<const S, Space> deviations, MatrixView<const S, Space> dy,
                             MatrixView<S, Space> dx) {
  const detail::StandardizeBackwardKernel<S> kernel{y.data, deviations.data, y.rows, dy.data,
                                                    dx.data};
  detail::for_each_sample<S>(space, "standardize backward", y.rows, y.cols, kernel, y.data, dy.data,
                             dx.data);
}

}  // namespace kd::cuda
