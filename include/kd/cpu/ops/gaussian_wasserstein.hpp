// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include "kd/core/matrix.hpp"
#include "kd/core/parallel.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

namespace detail {

/// Mean and deviation of a map's elements.
template <Real S>
struct Gaussian {
  S mean, deviation;
};

template <Real S>
Gaussian<S> gaussian_of(VectorView<const S> x) {
  const S mean = array(x).mean();
  return {mean, std::sqrt((array(x) - mean).square().mean() + S(1e-5))};
}

}  // namespace detail

/// The squared Wasserstein distance of two Gaussians without correlations, one for the elements of
/// each channel: `means[b] = sum_c (m_s - m_t)^2`, `deviations[b] = sum_c (d_s - d_t)^2`,
/// `d = sqrt(mean of (x - m)^2 + 1e-5)`. `dstudent` becomes the sum of both gradients, each times
/// its scale; it may be `student` itself. student, teacher: (channels * area, batch), maps of their
/// own size each.
template <Real S>
void op_gaussian_wasserstein(const Space&, Index channels, MatrixView<const S> student,
                             MatrixView<const S> teacher, S mean_scale, S deviation_scale,
                             MatrixView<S> dstudent, VectorView<S> means,
                             VectorView<S> deviations) {
  const Index area = student.rows / channels;
  const Index teacher_area = teacher.rows / channels;
  const S share = S(2) / static_cast<S>(area);
  parallel_for(student.cols, 4. * static_cast<double>(student.rows + teacher.rows), [&](Index b) {
    S of_means = 0;
    S of_deviations = 0;
    for (Index c = 0; c < channels; ++c) {
      const Index at = b * student.rows + c * area;
      const VectorView<const S> x{student.data + at, area};
      const auto own = detail::gaussian_of(x);
      const auto aim = detail::gaussian_of(
          VectorView<const S>(teacher.data + b * teacher.rows + c * teacher_area, teacher_area));
      const S mean_gap = own.mean - aim.mean;
      const S deviation_gap = own.deviation - aim.deviation;
      of_means += mean_gap * mean_gap;
      of_deviations += deviation_gap * deviation_gap;
      array(VectorView<S>(dstudent.data + at, area)) =
          mean_scale * share * mean_gap +
          (deviation_scale * share * deviation_gap / own.deviation) * (array(x) - own.mean);
    }
    means.data[b] = of_means;
    deviations.data[b] = of_deviations;
  });
}

}  // namespace kd::cpu
