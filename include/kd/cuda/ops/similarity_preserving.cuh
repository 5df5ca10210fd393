// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/length.cuh"
#include "kd/cuda/product.hpp"
#include "kd/cuda/softmax.cuh"
#include "kd/cuda/two_sums.cuh"

namespace kd::cuda {

namespace detail {

/// Column i of `s`, which is row i of the student's products, becomes the gradient there.
template <Real S>
struct SimilarityKernel {
  S* s;
  const S* t;
  Index batch;
  S scale;
  S* values;

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    S* const g = s + sample * batch;
    const S* const h = t + sample * batch;
    const S share = S(1) / static_cast<S>(batch);
    const S inverse = inverse_of(length<Team, Width>(g, batch));
    const S t_inverse = inverse_of(length<Team, Width>(h, batch));
    TwoSums<S> sums{S(0), S(0)};  // of the squared gaps, of gap g
    for_classes<Team, Width>(batch, [&](Index i) {
      const auto own = load<Width>(g + i);
      const auto aim = load<Width>(h + i);
      for (int k = 0; k < Width; ++k) {
        const S gap = own.v[k] * inverse - aim.v[k] * t_inverse;
        sums.first += gap * gap;
        sums.second += gap * (own.v[k] * inverse);
      }
    });
    sums = Team::reduce(sums, AddBoth{});
    if (Team::rank() == 0) values[sample] = share * sums.first;
    // From the rows divided by their lengths to the rows before.
    const S factor = S(2) * scale * share * inverse;
    for_classes<Team, Width>(batch, [&](Index i) {
      auto own = load<Width>(g + i);
      const auto aim = load<Width>(h + i);
      for (int k = 0; k < Width; ++k) {
        const S unit = own.v[k] * inverse;
        own.v[k] = factor * ((unit - aim.v[k] * t_inverse) - sums.second * unit);
      }
      store(g + i, own);
    });
  }
};

}  // namespace detail

/// Similarity preserving (Tung and Mori 2019): `values[i] = |row i of G_s - row i of G_t|^2 / B`,
/// `G = F^T F` with each row divided by its length. Adds `scale` times the gradient of the sum to
/// `dstudent`. student, teacher: (features, batch); `s` and `t` are room, (batch, batch) each.
template <Real S>
void op_similarity_preserving(const Space& space, MatrixView<const S, Space> student,
                              MatrixView<const S, Space> teacher, S scale,
                              MatrixView<S, Space> dstudent, VectorView<S, Space> values,
                              MatrixView<S, Space> s, MatrixView<S, Space> t) {
  using detail::As;
  detail::product<S>(space, As::transposed, student, As::is, student, s, Write::overwrite);
  detail::product<S>(space, As::transposed, teacher, As::is, teacher, t, Write::overwrite);
  // The products are symmetric: column i is row i.
  const detail::SimilarityKernel<S> kernel{s.data, t.data, student.cols, scale, values.data};
  detail::for_each_sample<S>(space, "similarity preserving", student.cols, student.cols, kernel,
                             s.data, t.data);
  detail::product<S>(space, As::is, student, As::is, s, dstudent, Write::add);
  detail::product<S>(space, As::is, student, As::transposed, s, dstudent, Write::add);
}

}  // namespace kd::cuda
