// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/elementwise.cuh"
#include "kd/cuda/softmax.cuh"

namespace kd::cuda {

namespace detail {

inline constexpr int transport_threads = 128;

/// A block has a sample, and a thread has classes of it: what the others have made is in `room`.
template <Real S>
struct TransportKernel {
  const S* student;
  const S* teacher;
  const Label* labels;
  const S* kernel;
  const S* costs;
  Index classes;
  S cooling;
  Index rounds;
  S scale;
  S* dlogits;
  S* values;
  S* room;
  Index room_rows;

  /// Row `i` of the product of a matrix with x, or of its transpose.
  __device__ S product(const S* matrix, const S* x, Index i) const {
    S sum = 0;
    for (Index j = 0; j != classes; ++j) sum += matrix[i + j * classes] * x[j];
    return sum;
  }
  __device__ S transposed_product(const S* matrix, const S* x, Index i) const {
    S sum = 0;
    for (Index j = 0; j != classes; ++j) sum += matrix[i * classes + j] * x[j];
    return sum;
  }

  template <class Team>
  __device__ void soften(const S* z, Index y, S* to) const {
    const auto sums = softmax_sums<Team, 1>(z, classes, Softness<S>{false, true, cooling}, y);
    for_classes<Team, 1>(classes, [&](Index i) {
      to[i] = i == y ? S(0) : std::exp((z[i] - sums.max) * cooling) / sums.soft;
    });
  }

  template <class Team, int>
  __device__ void run(Index sample) const {
    const Index y = labels[sample];
    S* const own = room + sample * room_rows;
    S *const s = own, *const t = s + classes, *const u = t + classes, *const v = u + classes,
             *const du = v + classes, *const dv = du + classes, *const ds = dv + classes,
             *const da = ds + classes, *const db = da + classes, *const inverses = db + classes;
    soften<Team>(student + sample * classes, y, s);
    soften<Team>(teacher + sample * classes, y, t);
    for_classes<Team, 1>(classes, [&](Index i) {
      u[i] = i == y ? S(0) : S(1) / static_cast<S>(classes - 1);
      ds[i] = 0;
    });
    __syncthreads();
    for (Index round = 0; round != rounds; ++round) {
      S* const per_b = inverses + 2 * round * classes;
      S* const per_a = per_b + classes;
      for_classes<Team, 1>(classes, [&](Index i) {
        per_b[i] = S(1) / transposed_product(kernel, u, i);
        v[i] = t[i] * per_b[i];
      });
      __syncthreads();
      for_classes<Team, 1>(classes, [&](Index i) {
        per_a[i] = S(1) / product(kernel, v, i);
        u[i] = s[i] * per_a[i];
      });
      __syncthreads();
    }
    S value = 0;
    for_classes<Team, 1>(classes, [&](Index i) {
      du[i] = product(costs, v, i);
      dv[i] = transposed_product(costs, u, i);
      value += u[i] * du[i];
    });
    value = Team::reduce(value, Sum{});
    if (Team::rank() == 0) values[sample] = value;

    // Back through the rounds: a = K v, b = K^T u.
    for (Index round = rounds; round-- != 0;) {
      const S* const per_b = inverses + 2 * round * classes;
      const S* const per_a = per_b + classes;
      for_classes<Team, 1>(classes, [&](Index i) {
        ds[i] += du[i] * per_a[i];
        da[i] = -du[i] * s[i] * per_a[i] * per_a[i];
      });
      __syncthreads();
      for_classes<Team, 1>(classes, [&](Index i) {
        const S gradient = dv[i] + transposed_product(kernel, da, i);
        db[i] = -gradient * t[i] * per_b[i] * per_b[i];
        dv[i] = 0;
      });
      __syncthreads();
      for_classes<Team, 1>(classes, [&](Index i) { du[i] = product(kernel, db, i); });
    }
    S mean = 0;
    for_classes<Team, 1>(classes, [&](Index i) { mean += s[i] * ds[i]; });
    mean = Team::reduce(mean, Sum{});
    for_classes<Team, 1>(classes, [&](Index i) {
      dlogits[sample * classes + i] += (scale * cooling) * s[i] * (ds[i] - mean);
    });
  }
};

}  // namespace detail

/// What it costs to carry the student's distribution over to the teacher's, `values[b] = sum_ij
/// F_ij c_ij`, both softmaxes at T over the classes other than y, F the plan after `rounds` of
/// Sinkhorn's: `v = t / (K^T u)`, `u = s / (K v)`, `F = diag(u) K diag(v)`, `K = exp(-c / r)`, u
/// being all the same at first. Adds `scale` times the gradient, through all rounds, to `dlogits`.
/// `kernel` is K and `costs` is K c, element by element, (classes, classes) both; `room`:
/// ((9 + 2 rounds) classes, batch).
template <Real S>
void op_transport(const Space& space, MatrixView<const S, Space> student,
                  MatrixView<const S, Space> teacher, VectorView<const Label, Space> labels,
                  MatrixView<const S, Space> kernel, MatrixView<const S, Space> costs,
                  S temperature, Index rounds, S scale, MatrixView<S, Space> dlogits,
                  VectorView<S, Space> values, MatrixView<S, Space> room) {
  const detail::TransportKernel<S> body{student.data, teacher.data, labels.data,        kernel.data,
                                        costs.data,   student.rows, S(1) / temperature, rounds,
                                        scale,        dlogits.data, values.data,        room.data,
                                        room.rows};
  constexpr int threads = detail::transport_threads;
  detail::launch_teams<detail::BlockTeam<threads>, threads, S>(space, "transport", student.cols,
                                                               student.cols, false, body);
}

}  // namespace kd::cuda
