// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/elementwise.cuh"
#include "kd/cuda/log_softmax.cuh"
#include "kd/cuda/rows.cuh"
#include "kd/cuda/softmax_backward.cuh"

namespace kd::cuda {

namespace detail {

/// Sums over two vectors a and b, and over both together.
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

/// One less Pearson's correlation `rho = <a~, b~> / N`, `N = |a~| |b~| + 1e-8`, `~` being less the
/// mean. Both it and the gradient of rho with respect to a are small when a and b agree, so they
/// come from the gap of the unit vectors, `b^ - a^`:
/// `1 - rho = (|a~| |b~| |b^ - a^|^2 / 2 + 1e-8) / N`, gradient `|b~| / N (b^ - a^ + (1 - rho) a^)`
/// less its mean, which rounding alone makes.
template <Real S>
struct Correlation {
  S a_mean, b_mean;
  S a_inverse = 0, b_inverse = 0, a_norm = 0, b_norm = 0;
  S less = 0, slope = 0, turn_mean = 0;

  /// `sums` over all n of a and of b.
  __device__ Correlation(PairSums<S> sums, Index n)
      : a_mean(sums.a / static_cast<S>(n)), b_mean(sums.b / static_cast<S>(n)) {}

  /// What a pair of elements adds to the squared lengths.
  __device__ __forceinline__ void add_squares(PairSums<S>& sums, S a, S b) const {
    sums.a += (a - a_mean) * (a - a_mean);
    sums.b += (b - b_mean) * (b - b_mean);
  }
  __device__ void set_lengths(PairSums<S> squares) {
    a_norm = std::sqrt(squares.a);
    b_norm = std::sqrt(squares.b);
    a_inverse = a_norm > S(0) ? S(1) / a_norm : a_norm;
    b_inverse = b_norm > S(0) ? S(1) / b_norm : b_norm;
  }
  __device__ __forceinline__ S a_unit(S a) const { return (a - a_mean) * a_inverse; }
  __device__ __forceinline__ S gap(S a, S b) const { return (b - b_mean) * b_inverse - a_unit(a); }
  /// What a pair adds to the sums of unit vector, gap and squared gap.
  __device__ __forceinline__ void add_gap(PairSums<S>& sums, S a, S b) const {
    const S apart = gap(a, b);
    sums.a += a_unit(a);
    sums.b += apart;
    sums.ab += apart * apart;
  }
  __device__ void set_gap(PairSums<S> sums, Index n) {
    constexpr S eps = S(1e-8);
    const S product = a_norm * b_norm;
    less = (S(0.5) * product * sums.ab + eps) / (product + eps);
    slope = b_norm / (product + eps);
    turn_mean = (sums.b + less * sums.a) / static_cast<S>(n);
  }
  __device__ __forceinline__ S gradient(S a, S b) const {
    return slope * (gap(a, b) + less * a_unit(a) - turn_mean);
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
    Correlation<S> agreed(Team::reduce(sums, AddPairSums{}), classes);
    const auto sum_up = [&](auto&& add) {
      PairSums<S> all{S(0), S(0), S(0)};
      for_classes<Team, Width>(classes, [&](Index c) {
        const auto q_pack = load<Width>(q + first + c);
        const auto p_pack = load<Width>(p + first + c);
        for (int k = 0; k < Width; ++k) add(all, q_pack.v[k], p_pack.v[k]);
      });
      return Team::reduce(all, AddPairSums{});
    };
    agreed.set_lengths(sum_up([&](auto& all, S a, S b) { agreed.add_squares(all, a, b); }));
    agreed.set_gap(sum_up([&](auto& all, S a, S b) { agreed.add_gap(all, a, b); }), classes);
    const S square = temperature * temperature;
    if (Team::rank() == 0) inter[sample] = square * agreed.less;
    const S factor = -square * scale;
    for_classes<Team, Width>(classes, [&](Index c) {
      const auto q_pack = load<Width>(q + first + c);
      auto grad = load<Width>(p + first + c);
      for (int k = 0; k < Width; ++k) grad.v[k] = factor * agreed.gradient(q_pack.v[k], grad.v[k]);
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
  Correlation<S> agreed(row_reduce(sums, AddPairSums{}), batch);
  const auto sum_up = [&](auto&& add) {
    PairSums<S> all{S(0), S(0), S(0)};
    for (Index col = first_col(); col < cols; col += row_warps)
      add(all, q[col * classes + row], p[col * classes + row]);
    return row_reduce(all, AddPairSums{});
  };
  agreed.set_lengths(sum_up([&](auto& all, S a, S b) { agreed.add_squares(all, a, b); }));
  agreed.set_gap(sum_up([&](auto& all, S a, S b) { agreed.add_gap(all, a, b); }), batch);
  for (Index col = first_col(); col < cols; col += row_warps) {
    const Index i = col * classes + row;
    dq[i] -= (square * scale) * agreed.gradient(q[i], p[i]);
  }
  if (first_col() == 0 && row < classes) intra[row] = square * share * agreed.less;
}

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
