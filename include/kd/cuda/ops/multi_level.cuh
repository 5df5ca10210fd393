// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/product.hpp"
#include "kd/cuda/softmax_backward.cuh"

namespace kd::cuda {

namespace detail {

template <Real S>
struct SoftmaxKernel {
  const S* logits;
  Index classes;
  S cooling;
  S* to;

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    const S* const z = logits + sample * classes;
    const auto sums = softmax_sums<Team, Width>(z, classes, Softness<S>{false, true, cooling});
    for_classes<Team, Width>(classes, [&](Index c) {
      auto pack = load<Width>(z + c);
      for (int k = 0; k < Width; ++k)
        pack.v[k] = std::exp((pack.v[k] - sums.max) * cooling) / sums.soft;
      store(to + sample * classes + c, pack);
    });
  }
};

/// Column i of `own` becomes `factor` times its gap to `aim`'s, of which `values[i]` has the
/// square.
template <Real S>
struct GramGapKernel {
  S* own;
  const S* aim;
  Index rows;
  S share, factor;
  S* values;

  template <class Team, int Width>
  __device__ void run(Index col) const {
    S squares = 0;
    for_classes<Team, Width>(rows, [&](Index i) {
      auto gap = load<Width>(own + col * rows + i);
      const auto target = load<Width>(aim + col * rows + i);
      for (int k = 0; k < Width; ++k) {
        gap.v[k] -= target.v[k];
        squares += gap.v[k] * gap.v[k];
        gap.v[k] *= factor;
      }
      store(own + col * rows + i, gap);
    });
    squares = Team::reduce(squares, Sum{});
    if (Team::rank() == 0) values[col] = share * squares;
  }
};

}  // namespace detail

/// How samples, and how classes, go together in probabilities, q and p the softmaxes of z and v at
/// T, (classes, batch): `samples[i] = |row i of q^T q - p^T p|^2` and
/// `classes[c] = B/C |row c of q q^T - p p^T|^2`. Adds the gradient of both sums, each times its
/// scale, to `dlogits`. `q`, `p`, `dq`: room, (classes, batch); `pairs` (batch, 2 batch) and
/// `class_pairs` (classes, 2 classes) too.
template <Real S>
void op_multi_level(const Space& space, MatrixView<const S, Space> student,
                    MatrixView<const S, Space> teacher, S temperature, S sample_scale,
                    S class_scale, MatrixView<S, Space> dlogits, VectorView<S, Space> samples,
                    VectorView<S, Space> classes, MatrixView<S, Space> q, MatrixView<S, Space> p,
                    MatrixView<S, Space> dq, MatrixView<S, Space> pairs,
                    MatrixView<S, Space> class_pairs) {
  using detail::As;
  const Index batch = student.cols;
  const Index rows = student.rows;
  const S cooling = S(1) / temperature;
  const S share = static_cast<S>(batch) / static_cast<S>(rows);
  const auto soften = [&](MatrixView<const S, Space> z, MatrixView<S, Space> to) {
    const detail::SoftmaxKernel<S> kernel{z.data, rows, cooling, to.data};
    detail::for_each_sample<S>(space, "softmax", rows, batch, kernel, z.data, to.data);
  };
  const auto compare = [&](MatrixView<S, Space> own, MatrixView<S, Space> aim, S part, S factor,
                           VectorView<S, Space> values) {
    const detail::GramGapKernel<S> kernel{own.data, aim.data, own.rows, part, factor, values.data};
    detail::for_each_sample<S>(space, "gram gaps", own.rows, own.cols, kernel, own.data, aim.data);
  };
  const MatrixView<S, Space> by_sample = pairs.left_cols(batch);
  const MatrixView<S, Space> by_class = class_pairs.left_cols(rows);
  const MatrixView<const S, Space> q_read = q, p_read = p;
  soften(student, q);
  soften(teacher, p);
  const MatrixView<S, Space> other_samples = pairs.middle_cols(batch, batch);
  const MatrixView<S, Space> other_classes = class_pairs.middle_cols(rows, rows);
  detail::product<S>(space, As::transposed, q_read, As::is, q_read, by_sample, Write::overwrite);
  detail::product<S>(space, As::transposed, p_read, As::is, p_read, other_samples,
                     Write::overwrite);
  detail::product<S>(space, As::is, q_read, As::transposed, q_read, by_class, Write::overwrite);
  detail::product<S>(space, As::is, p_read, As::transposed, p_read, other_classes,
                     Write::overwrite);
  compare(by_sample, other_samples, S(1), S(4) * sample_scale, samples);
  compare(by_class, other_classes, share, S(4) * class_scale * share, classes);
  detail::product<S>(space, As::is, q_read, As::is, by_sample, dq, Write::overwrite);
  detail::product<S>(space, As::is, by_class, As::is, q_read, dq, Write::add);
  const detail::SoftmaxBackwardKernel<S> kernel{q.data, dq.data, rows, temperature, dlogits.data};
  detail::for_each_sample<S>(space, "softmax backward", rows, batch, kernel, q.data, dq.data,
                             dlogits.data);
}

}  // namespace kd::cuda
