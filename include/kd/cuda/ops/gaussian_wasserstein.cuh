// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/block.cuh"
#include "kd/cuda/launch.hpp"
#include "kd/cuda/two_sums.cuh"

namespace kd::cuda {

namespace detail {

inline constexpr int wasserstein_threads = 256;

/// Mean and deviation of a map's elements.
template <Real S>
struct Gaussian {
  S mean, deviation;
};

/// By a warp.
template <Real S>
__device__ __forceinline__ Gaussian<S> gaussian_of(const S* x, Index area) {
  S sum = 0;
  for (Index i = lane(); i < area; i += warp_size) sum += x[i];
  const S mean = warp_reduce(sum, Sum{}) / static_cast<S>(area);
  S squares = 0;
  for (Index i = lane(); i < area; i += warp_size) squares += (x[i] - mean) * (x[i] - mean);
  return {mean, std::sqrt(warp_reduce(squares, Sum{}) / static_cast<S>(area) + S(1e-5))};
}

/// A block has a sample, and its warps take the channels in turn.
template <Real S>
__global__ void __launch_bounds__(wasserstein_threads)
    gaussian_wasserstein(Index channels, Index area, Index teacher_area, const S* student,
                         const S* teacher, S mean_scale, S deviation_scale, S* dstudent, S* means,
                         S* deviations) {
  const Index sample = blockIdx.x;
  const S share = S(2) / static_cast<S>(area);
  TwoSums<S> squares{S(0), S(0)};  // of the gaps between means, between deviations
  for (Index channel = warp_in_block(); channel < channels;
       channel += wasserstein_threads / warp_size) {
    const Index map = sample * channels + channel;
    const S* const x = student + map * area;
    const Gaussian<S> own = gaussian_of(x, area);
    const Gaussian<S> aim = gaussian_of(teacher + map * teacher_area, teacher_area);
    const S mean_gap = own.mean - aim.mean;
    const S deviation_gap = own.deviation - aim.deviation;
    if (lane() == 0) {
      squares.first += mean_gap * mean_gap;
      squares.second += deviation_gap * deviation_gap;
    }
    const S of_mean = mean_scale * share * mean_gap;
    const S of_deviation = deviation_scale * share * deviation_gap / own.deviation;
    for (Index i = lane(); i < area; i += warp_size)
      dstudent[map * area + i] = of_mean + of_deviation * (x[i] - own.mean);
  }
  squares = block_reduce<wasserstein_threads>(squares, AddBoth{});
  if (threadIdx.x != 0) return;
  means[sample] = squares.first;
  deviations[sample] = squares.second;
}

}  // namespace detail

/// The squared Wasserstein distance of two Gaussians without correlations, one for the elements of
/// each channel: `means[b] = sum_c (m_s - m_t)^2`, `deviations[b] = sum_c (d_s - d_t)^2`,
/// `d = sqrt(mean of (x - m)^2 + 1e-5)`. `dstudent` becomes the sum of both gradients, each times
/// its scale; it may be `student` itself. student, teacher: (channels * area, batch), maps of their
/// own size each.
template <Real S>
void op_gaussian_wasserstein(const Space& space, Index channels, MatrixView<const S, Space> student,
                             MatrixView<const S, Space> teacher, S mean_scale, S deviation_scale,
                             MatrixView<S, Space> dstudent, VectorView<S, Space> means,
                             VectorView<S, Space> deviations) {
  detail::launch(space, "gaussian wasserstein", student.cols, detail::wasserstein_threads,
                 detail::gaussian_wasserstein<S>, channels, student.rows / channels,
                 teacher.rows / channels, student.data, teacher.data, mean_scale, deviation_scale,
                 dstudent.data, means.data, deviations.data);
}

}  // namespace kd::cuda
