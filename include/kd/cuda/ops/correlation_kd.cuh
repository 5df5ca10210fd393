// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/log_softmax.cuh"
#include "kd/cuda/rows.cuh"

namespace kd::cuda {

namespace detail {

/// Sums over two vectors a and b: of squares and products, or of the vectors themselves.
template <Real S>
struct PairSums {
  S a, b, ab;
};
struct AddPairSums {
  template <Real S>
  __device__ __forceinline__ PairSums<S> operator()(PairSums<S> x, PairSums<S> y) const {
    return {x.a + y.a, x.b + y.b, x.ab + y.ab};
  }
};

/// Pearson's correlation `rho = <a~, b~> / (|a~| |b~| + 1e-8)`, `~` being less the mean; its
/// gradient with respect to a is `along_b b~ - along_a a~`.
template <Real S>
struct Correlation {
  S rho, along_b, along_a;

  __device__ static Correlation of(PairSums<S> products) {
    const S a_norm = std::sqrt(products.a);
    const S b_norm = std::sqrt(products.b);
    const S over = S(1) / (a_norm * b_norm + S(1e-8));
    const S shrink = a_norm > S(0) ? products.ab * over * over * b_norm / a_norm : S(0);
    return {products.ab * over, over, shrink};
  }
};

/// The probabilities of both, and how they agree on the classes within a sample.
template <Real S>
struct InterCorrelationKernel {
  const S* student;
  const S* teacher;
  Index classes;
  S temperature, scale;
  S* q;
  S* p;
  S* dq;
  S* inter;

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    const Index first = sample * classes;
    const auto log_q =
        LogSoftmax<S>::template of<Team, Width>(student + first, classes, S(1) / temperature);
    const auto log_p =
        LogSoftmax<S>::template of<Team, Width>(teacher + first, classes, S(1) / temperature);
    PairSums<S> sums{S(0), S(0), S(0)};
    for_classes<Team, Width>(classes, [&](Index c) {
      auto q_pack = log_q.template at<Width>(c);
      auto p_pack = log_p.template at<Width>(c);
      for (int k = 0; k < Width; ++k) {
        q_pack.v[k] = std::exp(q_pack.v[k]);
        p_pack.v[k] = std::exp(p_pack.v[k]);
        sums.a += q_pack.v[k];
        sums.b += p_pack.v[k];
      }
      store(q + first + c, q_pack);
      store(p + first + c, p_pack);
    });
    sums = Team::reduce(sums, AddPairSums{});
    const S q_mean = sums.a / static_cast<S>(classes);
    const S p_mean = sums.b / static_cast<S>(classes);
    PairSums<S> products{S(0), S(0), S(0)};
    for_classes<Team, Width>(classes, [&](Index c) {
      const auto q_pack = load<Width>(q + first + c);
      const auto p_pack = load<Width>(p + first + c);
      for (int k = 0; k < Width; ++k) {
        const S q_gap = q_pack.v[k] - q_mean;
        const S p_gap = p_pack.v[k] - p_mean;
        products.a += q_gap * q_gap;
        products.b += p_gap * p_gap;
        products.ab += q_gap * p_gap;
      }
    });
    const auto agreed = Correlation<S>::of(Team::reduce(products, AddPairSums{}));
    const S square = temperature * temperature;
    if (Team::rank() == 0) inter[sample] = square * at_least_zero(S(1) - agreed.rho);
    const S factor = -square * scale;
    for_classes<Team, Width>(classes, [&](Index c) {
      const auto q_pack = load<Width>(q + first + c);
      auto grad = load<Width>(p + first + c);
      for (int k = 0; k < Width; ++k)
        grad.v[k] = factor * (agreed.along_b * (grad.v[k] - p_mean) -
                              agreed.along_a * (q_pack.v[k] - q_mean));
      store(dq + first + c, grad);
    });
  }
};

/// How both agree on the samples within a class: adds `-square scale` times the gradient of the
/// correlation to dq.
template <Real S>
__global__ void __launch_bounds__(row_threads)
    intra_correlation(Index classes, Index batch, const S* q, const S* p, S square, S scale,
                      S share, S* dq, S* intra) {
  const Index row = own_row();
  const Index cols = row < classes ? batch : 0;
  PairSums<S> sums{S(0), S(0), S(0)};
  for (Index col = first_col(); col < cols; col += row_warps) {
    sums.a += q[col * classes + row];
    sums.b += p[col * classes + row];
  }
  sums = row_reduce(sums, AddPairSums{});
  const S q_mean = sums.a / static_cast<S>(batch);
  const S p_mean = sums.b / static_cast<S>(batch);
  PairSums<S> products{S(0), S(0), S(0)};
  for (Index col = first_col(); col < cols; col += row_warps) {
    const S q_gap = q[col * classes + row] - q_mean;
    const S p_gap = p[col * classes + row] - p_mean;
    products.a += q_gap * q_gap;
    products.b += p_gap * p_gap;
    products.ab += q_gap * p_gap;
  }
  const auto agreed = Correlation<S>::of(row_reduce(products, AddPairSums{}));
  for (Index col = first_col(); col < cols; col += row_warps) {
    const Index i = col * classes + row;
    dq[i] -=
        (square * scale) * (agreed.along_b * (p[i] - p_mean) - agreed.along_a * (q[i] - q_mean));
  }
  if (first_col() == 0 && row < classes)
    intra[row] = square * share * at_least_zero(S(1) - agreed.rho);
}

/// `dz += q (dq - <q, dq>) / T`
template <Real S>
struct SoftmaxBackwardKernel {
  const S* q;
  const S* dq;
  Index classes;
  S temperature;
  S* dlogits;

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    const Index first = sample * classes;
    S mean = 0;
    for_classes<Team, Width>(classes, [&](Index c) {
      const auto q_pack = load<Width>(q + first + c);
      const auto dq_pack = load<Width>(dq + first + c);
      for (int k = 0; k < Width; ++k) mean += q_pack.v[k] * dq_pack.v[k];
    });
    mean = Team::reduce(mean, Sum{});
    for_classes<Team, Width>(classes, [&](Index c) {
      auto grad = load<Width>(q + first + c);
      const auto dq_pack = load<Width>(dq + first + c);
      for (int k = 0; k < Width; ++k) grad.v[k] *= (dq_pack.v[k] - mean) / temperature;
      put(dlogits + first + c, grad, Write::add);
    });
  }
};

}  // namespace detail

/// How well student and teacher agree on which class is likelier in a sample (`inter`), and on
/// which sample is likelier of a class (`intra`), rho being Pearson's correlation:
/// `inter[b] = T^2 (1 - rho(q_b, p_b))`, `intra[c] = T^2 (1 - rho(q_c, p_c)) batch / classes`, so
/// that the sum of either over the batch size is its mean. Adds `inter_scale` times the gradient of
/// the first, `intra_scale` times that of the second. One sample has nothing to be compared with:
/// its `intra` is zero. `q`, `p`, `dq`: room, (classes, batch) each.
template <Real S>
void op_correlation_kd(const Space& space, MatrixView<const S, Space> student,
                       MatrixView<const S, Space> teacher, S temperature, S inter_scale,
                       S intra_scale, MatrixView<S, Space> q, MatrixView<S, Space> p,
                       MatrixView<S, Space> dq, MatrixView<S, Space> dlogits,
                       VectorView<S, Space> inter, VectorView<S, Space> intra) {
  const Index classes = student.rows;
  const Index batch = student.cols;
  const detail::InterCorrelationKernel<S> within{student.data, teacher.data, classes,
                                                 temperature,  inter_scale,  q.data,
                                                 p.data,       dq.data,      inter.data};
  detail::for_each_sample<S>(space, "inter-class correlation", classes, batch, within, student.data,
                             teacher.data, q.data, p.data, dq.data);
  if (batch < 2) {
    op_zero(space, intra);
  } else {
    const S share = static_cast<S>(batch) / static_cast<S>(classes);
    detail::launch(space, "intra-class correlation", detail::ceil_div(classes, detail::row_lanes),
                   detail::row_threads, detail::intra_correlation<S>, classes, batch, q.data,
                   p.data, temperature * temperature, intra_scale * share, share, dq.data,
                   intra.data);
  }
  if (dlogits.empty()) return;
  const detail::SoftmaxBackwardKernel<S> through{q.data, dq.data, classes, temperature,
                                                 dlogits.data};
  detail::for_each_sample<S>(space, "softmax backward", classes, batch, through, q.data, dq.data,
                             dlogits.data);
}

}  // namespace kd::cuda
