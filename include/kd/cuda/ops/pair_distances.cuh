// SPDX-License-Identifier: MIT
#pragma once

#include <limits>

#include "kd/cuda/elementwise.cuh"
#include "kd/cuda/ops/sum.cuh"
#include "kd/cuda/softmax.cuh"

/// The distances between the samples of a batch, from which relational.cuh works.
namespace kd::cuda {

namespace detail {

/// The distance of samples i and j is "sample" `i + j batch` of this kernel.
template <Real S>
struct DistanceKernel {
  const S* features;
  Index width, batch;
  S* distances;

  template <class Team, int Width>
  __device__ void run(Index pair) const {
    const S* const f = features + pair % batch * width;
    const S* const g = features + pair / batch * width;
    S squares = 0;
    for_classes<Team, Width>(width, [&](Index i) {
      const auto f_pack = load<Width>(f + i);
      const auto g_pack = load<Width>(g + i);
      for (int k = 0; k < Width; ++k)
        squares += (f_pack.v[k] - g_pack.v[k]) * (f_pack.v[k] - g_pack.v[k]);
    });
    squares = Team::reduce(squares, Sum{});
    if (Team::rank() == 0) distances[pair] = std::sqrt(squares);
  }
};

/// Puts one over each distance behind them; 0 for no distance.
template <Real S>
struct InvertDistances {
  S* distances;
  Index size;
  const double* sum;
  S least_factor;  ///< epsilon over the number of pairs

  template <int N>
  __device__ void apply(Index i) const {
    const S least = least_factor * static_cast<S>(*sum);
    for (int k = 0; k < N; ++k) {
      const S d = distances[i + k];
      distances[size + i + k] = d > S(0) ? S(1) / (d < least ? least : d) : S(0);
    }
  }
};

}  // namespace detail

/// The distances of features (features, batch) and one over them: (batch, 2 batch). Equal samples
/// have no direction from one to the other, and their distance has no gradient. Distances below
/// the rounding of features, epsilon of the mean distance, are inverted as if they were that long,
/// so that a direction vanishes by and by.
template <Real S>
void op_pair_distances(const Space& space, MatrixView<const S, Space> features,
                       MatrixView<S, Space> distances) {
  const Index batch = features.cols;
  const Index size = batch * batch;
  const detail::DistanceKernel<S> kernel{features.data, features.rows, batch, distances.data};
  detail::for_each_sample<S>(space, "pair distances", features.rows, size, kernel, features.data);
  double* const sum = space.context().totals();
  detail::sum_up(space, "sum of distances", size, detail::Each<S>{distances.data}, sum,
                 Write::overwrite);
  const S least_factor = std::numeric_limits<S>::epsilon() / static_cast<S>(batch * (batch - 1));
  detail::for_each<S>(space, "inverse distances", size,
                      detail::InvertDistances<S>{distances.data, size, sum, least_factor});
}

}  // namespace kd::cuda
