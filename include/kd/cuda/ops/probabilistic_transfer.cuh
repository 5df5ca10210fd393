// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/elementwise.cuh"
#include "kd/cuda/product.hpp"
#include "kd/cuda/softmax.cuh"
#include "kd/cuda/two_sums.cuh"

namespace kd::cuda {

namespace detail {

/// `inverse[i] = 1 / (sqrt(products_ii) + 1e-7)`; 0 for features that are all zero.
template <Real S>
struct InverseLengths {
  const S* products;
  Index batch;
  S* inverse;

  template <int N>
  __device__ void apply(Index i) const {
    for (int k = 0; k < N; ++k) {
      const S length = std::sqrt(products[(i + k) * (batch + 1)]);
      inverse[i + k] = length <= S(0) ? S(0) : S(1) / (length + S(1e-7));
    }
  }
};

/// The loss of one sample; its column of `t` becomes the gradient at its cosines.
template <Real S>
struct AffinityKernel {
  const S* s;
  const S* s_inverse;
  S* t;
  const S* t_inverse;
  Index batch;
  S scale;
  S* values;

  template <int Width>
  __device__ __forceinline__ static Pack<S, Width> similarities(const S* products, const S* inverse,
                                                                S own_inverse, Index i) {
    auto pack = load<Width>(products + i);
    const auto factors = load<Width>(inverse + i);
    for (int k = 0; k < Width; ++k)
      pack.v[k] = (pack.v[k] * factors.v[k] * own_inverse + S(1)) * S(0.5);
    return pack;
  }

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    constexpr S eps = S(1e-7);
    const S* const own = s + sample * batch;
    S* const aim = t + sample * batch;
    const S share = S(1) / static_cast<S>(batch);
    const S own_inverse = s_inverse[sample];
    const S aim_inverse = t_inverse[sample];
    TwoSums<S> sums{S(0), S(0)};
    for_classes<Team, Width>(batch, [&](Index i) {
      const auto c = similarities<Width>(own, s_inverse, own_inverse, i);
      const auto d = similarities<Width>(aim, t_inverse, aim_inverse, i);
      for (int k = 0; k < Width; ++k) {
        sums.first += c.v[k];
        sums.second += d.v[k];
      }
    });
    sums = Team::reduce(sums, AddBoth{});
    const S q_factor = S(1) / sums.first;
    const S p_factor = S(1) / sums.second;
    TwoSums<S> all{S(0), S(0)};  // of the divergence, of the gradient at q times q
    for_classes<Team, Width>(batch, [&](Index i) {
      const auto c = similarities<Width>(own, s_inverse, own_inverse, i);
      const auto d = similarities<Width>(aim, t_inverse, aim_inverse, i);
      for (int k = 0; k < Width; ++k) {
        const S q = c.v[k] * q_factor;
        const S p = d.v[k] * p_factor;
        all.first += p * std::log((p + eps) / (q + eps));
        all.second += (-scale * share) * p / (q + eps) * q;
      }
    });
    all = Team::reduce(all, AddBoth{});
    if (Team::rank() == 0) values[sample] = share * all.first;
    for_classes<Team, Width>(batch, [&](Index i) {
      const auto c = similarities<Width>(own, s_inverse, own_inverse, i);
      auto d = similarities<Width>(aim, t_inverse, aim_inverse, i);
      for (int k = 0; k < Width; ++k) {
        const S at_q = (-scale * share) * (d.v[k] * p_factor) / (c.v[k] * q_factor + eps);
        d.v[k] = (S(0.5) * q_factor) * (at_q - all.second);
      }
      store(aim + i, d);
    });
  }
};

/// Column i of `s` becomes what the features are multiplied by for the gradient of sample i:
/// cosines turn a feature, and leave its length alone.
template <Real S>
struct TurnKernel {
  const S* at_cosines;
  const S* inverse;
  Index batch;
  S* s;

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    S* const w = s + sample * batch;
    const S own_inverse = inverse[sample];
    // Of the pair (i, sample), both ways round.
    const auto pair = [&](Index i) {
      return (at_cosines[sample * batch + i] + at_cosines[i * batch + sample]) * inverse[i];
    };
    S along = 0;
    for_classes<Team, 1>(batch, [&](Index i) { along += pair(i) * w[i]; });
    along = Team::reduce(along, Sum{});
    for_classes<Team, 1>(batch, [&](Index i) {
      // The sample's own place, its squared length, is read by the thread that writes it.
      const bool turns_itself = i == sample && own_inverse > S(0);
      const S stays = turns_itself ? own_inverse * own_inverse / std::sqrt(w[i]) * along : S(0);
      w[i] = pair(i) * own_inverse - stays;
    });
  }
};

}  // namespace detail

/// Probabilistic transfer (Passalis and Tefas 2018): `values[i] = sum_j t_ij log((t_ij + eps) /
/// (s_ij + eps)) / B`, where `s_ij` is `(cosine of samples i and j + 1) / 2` over its sum over j,
/// `t_ij` the same of the teacher, and eps = 1e-7 (added to the lengths too). Adds `scale` times
/// the gradient of the sum to `dstudent`. student, teacher: (features, batch). Room: `s` and `t`
/// (batch, batch) each, `lengths` (2 batch).
template <Real S>
void op_probabilistic_transfer(const Space& space, MatrixView<const S, Space> student,
                               MatrixView<const S, Space> teacher, S scale,
                               MatrixView<S, Space> dstudent, VectorView<S, Space> values,
                               MatrixView<S, Space> s, MatrixView<S, Space> t,
                               VectorView<S, Space> lengths) {
  using detail::As;
  const Index batch = student.cols;
  const auto prepare = [&](MatrixView<const S, Space> features, MatrixView<S, Space> products,
                           S* inverse) {
    detail::product<S>(space, As::transposed, features, As::is, features, products,
                       Write::overwrite);
    detail::for_each<S>(space, "inverse lengths", batch,
                        detail::InverseLengths<S>{products.data, batch, inverse});
  };
  S* const s_inverse = lengths.data;
  S* const t_inverse = lengths.data + batch;
  prepare(student, s, s_inverse);
  prepare(teacher, t, t_inverse);
  const detail::AffinityKernel<S> affinity{s.data, s_inverse, t.data,     t_inverse,
                                           batch,  scale,     values.data};
  detail::for_each_sample<S>(space, "affinity", batch, batch, affinity, s.data, t.data, s_inverse,
                             t_inverse);
  const detail::TurnKernel<S> turn{t.data, s_inverse, batch, s.data};
  detail::for_each_sample<S>(space, "gradient at the features", batch, batch, turn);
  detail::product<S>(space, As::is, student, As::is, s, dstudent, Write::add);
}

}  // namespace kd::cuda
