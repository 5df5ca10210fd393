// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/elementwise.cuh"

namespace kd::cuda {

namespace detail {

inline constexpr int gather_threads = 256;

/// A block has a sample; with `Width` above 1 a thread widens so many neighbours at once.
template <int Width, class T, Real S>
__global__ void __launch_bounds__(gather_threads)
    gather(Index rows, const T* samples, const Index* indices, Index first_sample, S scale,
           S* out) {
  const Index sample = blockIdx.x;
  const T* const from = samples + (indices[sample] - first_sample) * rows;
  S* const to = out + sample * rows;
  for (Index i = Index{threadIdx.x} * Width; i < rows; i += Index{gather_threads} * Width) {
    const Pack<T, Width> stored = load<Width>(from + i);
    Pack<S, Width> wide;
    for (int k = 0; k < Width; ++k) wide.v[k] = static_cast<S>(stored.v[k]) * scale;
    store(to + i, wide);
  }
}

/// `out = scale samples`, for samples that are in order already.
template <class T, Real S>
struct Widen {
  const T* samples;
  S* out;
  S scale;

  template <int N>
  __device__ void apply(Index i) const {
    const Pack<T, N> stored = load<N>(samples + i);
    Pack<S, N> wide;
    for (int k = 0; k < N; ++k) wide.v[k] = static_cast<S>(stored.v[k]) * scale;
    store(out + i, wide);
  }
};

template <class T>
__global__ void __launch_bounds__(gather_threads)
    gather_labels(Index size, const T* labels, const Index* indices, T* out) {
  const Index i = global_thread();
  if (i < size) out[i] = labels[indices[i]];
}

}  // namespace detail

/// `out[:, b] = scale samples[:, indices[b] - first_sample]`, converted from the samples' type:
/// 8-bit pixels are widened here.
template <class T, Real S>
void op_gather(const Space& space, MatrixView<const T, Space> samples,
               VectorView<const Index, Space> indices, S scale, MatrixView<S, Space> out,
               Index first_sample = 0) {
  constexpr int width = detail::pack_width<S>;
  const bool packs = out.rows % width == 0 && detail::is_pack_aligned(samples.data) &&
                     detail::is_pack_aligned(out.data);
  detail::launch(space, "gather", indices.size, detail::gather_threads,
                 packs ? detail::gather<width, T, S> : detail::gather<1, T, S>, out.rows,
                 samples.data, indices.data, first_sample, scale, out.data);
}

/// `out[b] = labels[indices[b]]`
inline void op_gather_labels(const Space& space, VectorView<const Label, Space> labels,
                             VectorView<const Index, Space> indices, VectorView<Label, Space> out) {
  detail::launch(space, "gather labels", detail::ceil_div(indices.size, detail::gather_threads),
                 detail::gather_threads, detail::gather_labels<Label>, indices.size, labels.data,
                 indices.data, out.data);
}

}  // namespace kd::cuda
