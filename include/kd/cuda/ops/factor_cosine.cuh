// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/elementwise.cuh"
#include "kd/cuda/length.cuh"

namespace kd::cuda {

namespace detail {

template <Real S>
struct FactorCosineKernel {
  const S* student;
  const S* teacher;
  Index features;
  S scale;
  S* dstudent;
  S* values;

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    constexpr S least = S(1e-8);
    const S* const f = student + sample * features;
    const S* const g = teacher + sample * features;
    const S f_length = length<Team, Width>(f, features);
    const S g_length = length<Team, Width>(g, features);
    const S inverse = S(1) / (f_length < least ? least : f_length);
    const S g_inverse = S(1) / (g_length < least ? least : g_length);
    S cosine = 0;
    for_classes<Team, Width>(features, [&](Index i) {
      const auto f_pack = load<Width>(f + i);
      const auto g_pack = load<Width>(g + i);
      for (int k = 0; k < Width; ++k) cosine += (f_pack.v[k] * inverse) * (g_pack.v[k] * g_inverse);
    });
    cosine = Team::reduce(cosine, Sum{});
    if (Team::rank() == 0) values[sample] = S(1) - cosine;
    if (f_length < least) return;
    for_classes<Team, Width>(features, [&](Index i) {
      auto grad = load<Width>(f + i);
      const auto g_pack = load<Width>(g + i);
      for (int k = 0; k < Width; ++k)
        grad.v[k] = (scale * inverse) * (cosine * (inverse * grad.v[k]) - g_pack.v[k] * g_inverse);
      put(dstudent + sample * features + i, grad, Write::add);
    });
  }
};

}  // namespace detail

/// `values[b] = 1 - <f_b, g_b> / (|f_b| |g_b|)`, lengths being at least 1e-8. Adds `scale` times
/// its gradient to `dstudent`, none for shorter features. (features, batch)
template <Real S>
void op_factor_cosine(const Space& space, MatrixView<const S, Space> student,
                      MatrixView<const S, Space> teacher, S scale, MatrixView<S, Space> dstudent,
                      VectorView<S, Space> values) {
  const detail::FactorCosineKernel<S> kernel{student.data, teacher.data,  student.rows,
                                             scale,        dstudent.data, values.data};
  detail::for_each_sample<S>(space, "factor cosine", student.rows, student.cols, kernel,
                             student.data, teacher.data, dstudent.data);
}

}  // namespace kd::cuda
