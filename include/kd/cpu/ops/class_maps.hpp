// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <limits>

#include "kd/core/matrix.hpp"
#include "kd/core/parallel.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

namespace detail {

/// The map of one class, over the cells of a sample, and what makes it 1 long; a map of zeros
/// stays.
template <Real S>
struct ClassMap {
  Eigen::Map<const Vector<S>, 0, Eigen::InnerStride<>> elements;
  S inverse_largest = 0;  ///< divided by it first, no square is too large or too small
  S inverse_length = 0;   ///< of what is left

  ClassMap(MatrixView<const S> sample, Index k)
      : elements(sample.data + k, sample.cols, Eigen::InnerStride<>(sample.rows)) {
    const S largest = elements.cwiseAbs().template maxCoeff<Eigen::PropagateNaN>();
    if (largest <= std::numeric_limits<S>::min()) return;
    inverse_largest = S(1) / largest;
    inverse_length = S(1) / (elements * inverse_largest).norm();
  }
  S operator[](Index cell) const { return elements(cell) * inverse_largest * inverse_length; }
};

}  // namespace detail

/// Class attention transfer (Guo et al. 2023): `values[b]` = mean over classes k and cells r of
/// `(a_s - a_t)^2`, `a[k, r] = m[k, r] / |m[k, :]|`, 0 where a class's map is. `dstudent` becomes
/// `scale` times the gradient. student, teacher: (classes, cells batch), a sample's cells side by
/// side.
template <Real S>
void op_class_maps(const Space&, Index cells, MatrixView<const S> student,
                   MatrixView<const S> teacher, S scale, MatrixView<S> dstudent,
                   VectorView<S> values) {
  const Index classes = student.rows;
  const S share = S(1) / static_cast<S>(classes * cells);
  parallel_for(values.size, 10. * static_cast<double>(classes * cells), [&](Index b) {
    const MatrixView<S> gradient = dstudent.middle_cols(b * cells, cells);
    S value = 0;
    for (Index k = 0; k < classes; ++k) {
      const detail::ClassMap<S> own(student.middle_cols(b * cells, cells), k);
      const detail::ClassMap<S> aim(teacher.middle_cols(b * cells, cells), k);
      S along = 0;
      for (Index r = 0; r < cells; ++r) {
        const S gap = own[r] - aim[r];
        value += gap * gap;
        along += gap * own[r];
      }
      const S factor = 2 * scale * share * own.inverse_length;
      for (Index r = 0; r < cells; ++r)
        gradient.data[r * classes + k] =
            factor * (own[r] - aim[r] - along * own[r]) * own.inverse_largest;
    }
    values.data[b] = share * value;
  });
}

}  // namespace kd::cpu
