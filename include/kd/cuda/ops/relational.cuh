// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/elementwise.cuh"
#include "kd/cuda/ops/sum.cuh"
#include "kd/cuda/softmax.cuh"

/// Relational distillation (Park et al. 2019) from the distances between samples, as the CPU's: the
/// angle at sample i between those to j and k follows from three distances unless they are unlike.
namespace kd::cuda {

namespace detail {

template <Real S>
__device__ __forceinline__ S clamped(S x) {
  return x < S(-1) ? S(-1) : (x > S(1) ? S(1) : x);
}

/// One over the mean of distances that sum up to `sum`; 0 where all are 0.
template <Real S>
__device__ __forceinline__ S inverse_mean(const double* sum, S pairs) {
  const S all = static_cast<S>(*sum);
  return all > S(0) ? pairs / all : S(0);
}

template <Real S>
struct RelationalDistanceKernel {
  const S* student;
  const S* teacher;
  const double* sums;  ///< of the student's distances, of the teacher's
  Index batch;
  S pairs;
  S* slopes;
  S* values;

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    const Index first = sample * batch;
    const S s = inverse_mean(sums, pairs);
    const S t = inverse_mean(sums + 1, pairs);
    S value = 0;
    for_classes<Team, Width>(batch, [&](Index i) {
      auto slope = load<Width>(student + first + i);
      const auto aim = load<Width>(teacher + first + i);
      for (int k = 0; k < Width; ++k) {
        const S gap = slope.v[k] * s - aim.v[k] * t;
        slope.v[k] = clamped(gap);
        value += slope.v[k] * (gap - S(0.5) * slope.v[k]);
      }
      store(slopes + first + i, slope);
    });
    value = Team::reduce(value, Sum{});
    if (Team::rank() == 0) values[sample] = value / static_cast<S>(batch);
  }
};

template <Real S>
struct Product {
  const S* a;
  const S* b;
  __device__ __forceinline__ double operator()(Index i) const {
    return static_cast<double>(a[i]) * static_cast<double>(b[i]);
  }
};

/// What a distance does by itself and, for all of them, through the mean.
template <Real S>
struct PullByDistance {
  const S* slopes;
  const S* inverse;
  const double* sums;  ///< of the student's distances, unused, of slopes times distances
  S pairs, factor;
  S* pull;

  template <int N>
  __device__ void apply(Index i) const {
    const S s = inverse_mean(sums, pairs);
    const S through_mean = s * static_cast<S>(sums[2]) / pairs;
    for (int k = 0; k < N; ++k)
      pull[i + k] += factor * s * (slopes[i + k] - through_mean) * inverse[i + k];
  }
};

template <Real S>
struct AngleSums {
  S value, slope, turning;
};
struct AddAngleSums {
  template <Real S>
  __device__ __forceinline__ AngleSums<S> operator()(AngleSums<S> a, AngleSums<S> b) const {
    return {a.value + b.value, a.slope + b.slope, a.turning + b.turning};
  }
};

/// (width, batch)
template <Real S>
struct Features {
  const S* data;
  Index width;
};

/// The angles at all i between sample j, which the team has, and all k.
template <Real S>
struct RelationalAngleKernel {
  static constexpr bool needs_registers = true;

  Features<S> student_features;
  Features<S> teacher_features;
  const S* student;
  const S* teacher;
  Index batch;
  S scale;
  S* pull;
  S* edges;
  S* values;

  /// The cosines at i between j and k; 0 where there is no direction.
  struct Corner {
    const S* features;
    Index width, i, j;
    const S* to_all;
    const S* inverse_to_all;
    const S* from_j;
    S to_j, inverse_to_j;

    __device__ __forceinline__ Corner(Features<S> all, const S* distances, Index batch, Index own,
                                      Index other)
        : features(all.data),
          width(all.width),
          i(own),
          j(other),
          to_all(distances + i * batch),
          inverse_to_all(distances + (batch + i) * batch),
          from_j(distances + j * batch),
          to_j(distances[i + j * batch]),
          inverse_to_j(distances[i + (batch + j) * batch]) {}
    __device__ __forceinline__ S cosine(Index k) const {
      if (i == j || i == k) return S(0);
      const S to_k = to_all[k];
      if (!(to_k <= unlike * to_j && to_j <= unlike * to_k)) return by_features(k);
      return S(0.5) * to_j * inverse_to_all[k] +
             S(0.5) * inverse_to_j * (to_k - inverse_to_all[k] * (from_j[k] * from_j[k]));
    }
    __device__ S by_features(Index k) const {
      S product = 0;
      for (Index at = 0; at < width; ++at) {
        const S own = features[i * width + at];
        product += (features[j * width + at] - own) * (features[k * width + at] - own);
      }
      return product * (inverse_to_j * inverse_to_all[k]);
    }
    static constexpr S unlike = S(8);  ///< the law of cosines loses so many last digits
  };

  template <class Team, int Width>
  __device__ void run(Index j) const {
    const S share = S(1) / static_cast<S>(batch * batch);
    S value = 0;
    for (Index i = 0; i < batch; ++i) {
      const Corner own(student_features, student, batch, i, j);
      const Corner aim(teacher_features, teacher, batch, i, j);
      // At i, the edge to j is drawn along the edge to every k, and keeps its length.
      const S inverse = own.inverse_to_j;
      AngleSums<S> sums{S(0), S(0), S(0)};
      for_classes<Team, 1>(batch, [&](Index k) {
        const S cosine = own.cosine(k);
        const S gap = cosine - aim.cosine(k);
        const S slope = clamped(gap);
        const S along = slope * own.inverse_to_all[k];
        sums.value += slope * (gap - S(0.5) * slope);
        sums.slope += along;
        sums.turning += slope * cosine;
        pull[k + j * batch] += S(2) * scale * share * inverse * along;
      });
      sums = Team::reduce(sums, AddAngleSums{});
      value += sums.value;
      if (Team::rank() == 0)
        edges[i + j * batch] = scale * share * inverse * (sums.slope - inverse * sums.turning);
    }
    if (Team::rank() == 0) values[j] = share * value;
  }
};

/// `pull -= 2 (edges + edges^T)`
template <Real S>
struct PullByEdges {
  const S* edges;
  Index batch;
  S* pull;

  template <int N>
  __device__ void apply(Index i) const {
    for (int k = 0; k < N; ++k) {
      const Index row = (i + k) % batch;
      const Index col = (i + k) / batch;
      pull[i + k] = pull[i + k] - S(2) * edges[i + k] - S(2) * edges[col + row * batch];
    }
  }
};

/// A thread has one feature, or as many as a pack, of one sample.
template <Real S>
struct AddPulls {
  const S* features;
  const S* pull;
  Index width, batch;
  S* dfeatures;

  // A pack does not cross a column: it is used only when its width divides the features.
  template <int N>
  __device__ void apply(Index at) const {
    const Index j = at / width;
    const Pack<S, N> own = load<N>(features + at);
    Pack<S, N> sum = load<N>(dfeatures + at);
    for (Index i = 0; i < batch; ++i) {
      const Pack<S, N> other = load<N>(features + at % width + i * width);
      const S pulled = pull[i + j * batch];
      for (int k = 0; k < N; ++k) sum.v[k] += pulled * (other.v[k] - own.v[k]);
    }
    store(dfeatures + at, sum);
  }
};

}  // namespace detail

/// `values[j] = sum_i l(d_ij / mean(d) - t_ij / mean(t)) / B`, l being the smooth L1 loss and the
/// means taken over pairs of different samples. Adds to `pull`; `slopes` (batch, batch) is room.
template <Real S>
void op_relational_distance(const Space& space, MatrixView<const S, Space> student_distances,
                            MatrixView<const S, Space> teacher_distances, S scale,
                            MatrixView<S, Space> pull, MatrixView<S, Space> slopes,
                            VectorView<S, Space> values) {
  using detail::sum_up;
  const Index batch = pull.cols;
  const Index size = batch * batch;
  const S pairs = static_cast<S>(batch * (batch - 1));
  const S* const s = student_distances.data;
  const S* const t = teacher_distances.data;
  double* const sums = space.context().totals();
  sum_up(space, "sum of distances", size, detail::Each<S>{s}, sums, Write::overwrite);
  sum_up(space, "sum of distances", size, detail::Each<S>{t}, sums + 1, Write::overwrite);
  const detail::RelationalDistanceKernel<S> kernel{s,     t,           sums,       batch,
                                                   pairs, slopes.data, values.data};
  detail::for_each_sample<S>(space, "relational distance", batch, batch, kernel, s, t, slopes.data);
  sum_up(space, "sum of slopes", size, detail::Product<S>{slopes.data, s}, sums + 2,
         Write::overwrite);
  const detail::PullByDistance<S> body{
      slopes.data, s + size, sums, pairs, S(-2) * scale / static_cast<S>(batch), pull.data};
  detail::for_each<S>(space, "pull by distance", size, body);
}

/// `values[j] = sum_ik l(cos_ijk - cos^t_ijk) / B^2` over the angles at i between j and k. Adds to
/// `pull`; `edges` (batch, batch) is room.
template <Real S>
void op_relational_angle(const Space& space, MatrixView<const S, Space> student_features,
                         MatrixView<const S, Space> student_distances,
                         MatrixView<const S, Space> teacher_features,
                         MatrixView<const S, Space> teacher_distances, S scale,
                         MatrixView<S, Space> pull, MatrixView<S, Space> edges,
                         VectorView<S, Space> values) {
  const Index batch = pull.cols;
  const detail::RelationalAngleKernel<S> kernel{{student_features.data, student_features.rows},
                                                {teacher_features.data, teacher_features.rows},
                                                student_distances.data,
                                                teacher_distances.data,
                                                batch,
                                                scale,
                                                pull.data,
                                                edges.data,
                                                values.data};
  detail::for_each_sample<S>(space, "relational angle", batch, batch, kernel);
  detail::for_each<S>(space, "pull by edges", batch * batch,
                      detail::PullByEdges<S>{edges.data, batch, pull.data});
}

/// `dfeatures_j += sum_i pull_ij (f_i - f_j)`
template <Real S>
void op_add_pulls(const Space& space, MatrixView<const S, Space> features,
                  MatrixView<const S, Space> pull, MatrixView<S, Space> dfeatures) {
  const detail::AddPulls<S> body{features.data, pull.data, features.rows, features.cols,
                                 dfeatures.data};
  // An address that no pack can be loaded from stands for features that packs do not divide.
  const S* const rows = features.data + features.rows % detail::pack_width<S>;
  detail::for_each<S>(space, "add pulls", features.size(), body, features.data, dfeatures.data,
                      rows);
}

}  // namespace kd::cuda
