// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/length.cuh"

/// Columns made 1 long, as the embeddings of contrastive distillation are.
namespace kd::cuda {

namespace detail {

template <Real S>
struct MakeUnitKernel {
  S* x;
  Index width;
  S* inverse_lengths;

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    S* const own = x + sample * width;
    const S inverse = inverse_of(length<Team, Width>(own, width));
    for_classes<Team, Width>(width, [&](Index i) {
      auto pack = load<Width>(own + i);
      for (int k = 0; k < Width; ++k) pack.v[k] *= inverse;
      store(own + i, pack);
    });
    if (Team::rank() == 0) inverse_lengths[sample] = inverse;
  }
};

template <Real S>
struct MakeUnitBackwardKernel {
  const S* unit;
  const S* inverse_lengths;
  Index width;
  S* gradient;

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    const S* const u = unit + sample * width;
    S* const g = gradient + sample * width;
    S along = 0;
    for_classes<Team, Width>(width, [&](Index i) {
      const auto u_pack = load<Width>(u + i);
      const auto g_pack = load<Width>(g + i);
      for (int k = 0; k < Width; ++k) along += u_pack.v[k] * g_pack.v[k];
    });
    along = Team::reduce(along, Sum{});
    const S inverse = inverse_lengths[sample];
    for_classes<Team, Width>(width, [&](Index i) {
      const auto u_pack = load<Width>(u + i);
      auto pack = load<Width>(g + i);
      for (int k = 0; k < Width; ++k) pack.v[k] = inverse * (pack.v[k] - along * u_pack.v[k]);
      store(g + i, pack);
    });
  }
};

}  // namespace detail

/// Makes each column 1 long; `inverse_lengths` (batch) remembers what it was multiplied by. A
/// column of zeros stays.
template <Real S>
void op_make_unit(const Space& space, MatrixView<S, Space> x,
                  VectorView<S, Space> inverse_lengths) {
  const detail::MakeUnitKernel<S> kernel{x.data, x.rows, inverse_lengths.data};
  detail::for_each_sample<S>(space, "make unit", x.rows, x.cols, kernel, x.data);
}

/// From the gradient at `unit` to the gradient before `op_make_unit`, in place:
/// `g = inverse_length (g - <u, g> u)`.
template <Real S>
void op_make_unit_backward(const Space& space, MatrixView<const S, Space> unit,
                           VectorView<const S, Space> inverse_lengths,
                           MatrixView<S, Space> gradient) {
  const detail::MakeUnitBackwardKernel<S> kernel{unit.data, inverse_lengths.data, unit.rows,
                                                 gradient.data};
  detail::for_each_sample<S>(space, "make unit backward", unit.rows, unit.cols, kernel, unit.data,
                             gradient.data);
}

}  // namespace kd::cuda
