// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/elementwise.cuh"
#include "kd/cuda/length.cuh"
#include "kd/cuda/softmax.cuh"
#include "kd/cuda/two_sums.cuh"

namespace kd::cuda {

namespace detail {

/// What a sample's squared features were multiplied by on the way to its attention: one over the
/// largest of them, and one over the length of their sums.
template <Real S>
struct Attention {
  S of_features, of_sums;
};

/// A block has a sample, and each of its threads the same places of the maps throughout.
template <Real S>
struct AttentionTransferKernel {
  Index area;
  const S* student;
  Index student_rows;
  const S* teacher;
  Index teacher_rows;
  S scale;
  S* dstudent;
  S* values;
  S* room;

  /// `q` becomes the sums of squares over the channels; it is their attention times `1 / of_sums`.
  template <class Team, int Width>
  __device__ Attention<S> attend(const S* x, Index rows, S* q) const {
    const Larger larger;
    S largest = 0;
    for_classes<Team, Width>(rows, [&](Index i) {
      const auto pack = load<Width>(x + i);
      for (int k = 0; k < Width; ++k) largest = larger(largest, std::abs(pack.v[k]));
    });
    largest = Team::reduce(largest, larger);
    const S of_features = inverse_of(largest);
    S squares = 0;
    for_classes<Team, Width>(area, [&](Index place) {
      Pack<S, Width> sums{};
      for (Index at = place; at < rows; at += area) {
        const auto pack = load<Width>(x + at);
        for (int k = 0; k < Width; ++k)
          sums.v[k] += (pack.v[k] * of_features) * (pack.v[k] * of_features);
      }
      for (int k = 0; k < Width; ++k) squares += sums.v[k] * sums.v[k];
      store(q + place, sums);
    });
    squares = Team::reduce(squares, Sum{});
    return {of_features, of_features == S(0) ? S(0) : S(1) / std::sqrt(squares)};
  }

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    const S* const x = student + sample * student_rows;
    S* const q = room + sample * 2 * area;
    S* const aim = q + area;
    const Attention<S> own = attend<Team, Width>(x, student_rows, q);
    const Attention<S> other =
        attend<Team, Width>(teacher + sample * teacher_rows, teacher_rows, aim);
    TwoSums<S> sums{S(0), S(0)};  // of the squared gaps, of gap q
    for_classes<Team, Width>(area, [&](Index place) {
      auto at = load<Width>(q + place);
      const auto target = load<Width>(aim + place);
      for (int k = 0; k < Width; ++k) {
        const S gap = at.v[k] * own.of_sums - target.v[k] * other.of_sums;
        sums.first += gap * gap;
        sums.second += gap * (at.v[k] * own.of_sums);
      }
    });
    sums = Team::reduce(sums, AddBoth{});
    const S share = S(1) / static_cast<S>(area);
    if (Team::rank() == 0) values[sample] = share * sums.first;
    // From the gradient at q to that at the sums, which are made of squares.
    const S factor = S(4) * scale * share * own.of_sums * own.of_features;
    for_classes<Team, Width>(area, [&](Index place) {
      auto slope = load<Width>(q + place);
      const auto target = load<Width>(aim + place);
      for (int k = 0; k < Width; ++k) {
        const S at = slope.v[k] * own.of_sums;
        slope.v[k] = factor * ((at - target.v[k] * other.of_sums) - sums.second * at);
      }
      for (Index at = place; at < student_rows; at += area) {
        auto grad = load<Width>(x + at);
        for (int k = 0; k < Width; ++k) grad.v[k] = (grad.v[k] * own.of_features) * slope.v[k];
        put(dstudent + sample * student_rows + at, grad, Write::add);
      }
    });
  }
};

}  // namespace detail

/// Attention transfer (Zagoruyko and Komodakis 2017): `values[b]` = mean over the places of a map
/// of
/// `(q_s - q_t)^2`, `q = Q / |Q|`, `Q = sum of squares over the channels`. Adds `scale` times its
/// gradient to `dstudent`. student, teacher: (channels * area, batch), channels of their own each;
/// `room`: (2 area, batch).
template <Real S>
void op_attention_transfer(const Space& space, Index area, MatrixView<const S, Space> student,
                           MatrixView<const S, Space> teacher, S scale,
                           MatrixView<S, Space> dstudent, VectorView<S, Space> values,
                           MatrixView<S, Space> room) {
  const detail::AttentionTransferKernel<S> kernel{area,          student.data, student.rows,
                                                  teacher.data,  teacher.rows, scale,
                                                  dstudent.data, values.data,  room.data};
  const bool packs = area % detail::pack_width<S> == 0 && detail::is_pack_aligned(student.data) &&
                     detail::is_pack_aligned(teacher.data) &&
                     detail::is_pack_aligned(dstudent.data) && detail::is_pack_aligned(room.data);
  detail::launch_teams<detail::BlockTeam<256>, 256, S>(space, "attention transfer", student.cols,
                                                       student.cols, packs, kernel);
}

}  // namespace kd::cuda
