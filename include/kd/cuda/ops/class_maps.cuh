// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/length.cuh"
#include "kd/cuda/softmax.cuh"

namespace kd::cuda {

namespace detail {

/// The map of one class, over the cells of a sample, and what makes it 1 long; a map of zeros
/// stays.
template <Real S>
struct ClassMap {
  const S* elements;
  Index classes;
  S inverse_largest;  ///< divided by it first, no square is too large or too small
  S inverse_length;   ///< of what is left

  __device__ ClassMap(const S* first, Index stride, Index cells)
      : elements(first), classes(stride), inverse_largest(0), inverse_length(0) {
    const Larger larger;
    S largest = 0;
    for (Index cell = 0; cell < cells; ++cell)
      largest = larger(largest, std::abs(elements[cell * classes]));
    inverse_largest = inverse_of(largest);
    S squares = 0;
    for (Index cell = 0; cell < cells; ++cell) {
      const S x = elements[cell * classes] * inverse_largest;
      squares += x * x;
    }
    inverse_length = inverse_of(std::sqrt(squares));
  }
  __device__ __forceinline__ S operator[](Index cell) const {
    return elements[cell * classes] * inverse_largest * inverse_length;
  }
};

template <Real S>
struct ClassMapsKernel {
  Index classes;
  Index cells;
  const S* student;
  const S* teacher;
  S scale;
  S* dstudent;
  S* values;

  template <class Team, int>
  __device__ void run(Index sample) const {
    const Index first = sample * cells * classes;
    const S share = S(1) / static_cast<S>(classes * cells);
    S value = 0;
    for_classes<Team, 1>(classes, [&](Index k) {
      const ClassMap<S> own(student + first + k, classes, cells);
      const ClassMap<S> aim(teacher + first + k, classes, cells);
      S along = 0;
      for (Index cell = 0; cell < cells; ++cell) {
        const S gap = own[cell] - aim[cell];
        value += gap * gap;
        along += gap * own[cell];
      }
      const S factor = S(2) * scale * share * own.inverse_length;
      for (Index cell = 0; cell < cells; ++cell)
        dstudent[first + cell * classes + k] =
            factor * (own[cell] - aim[cell] - along * own[cell]) * own.inverse_largest;
    });
    value = Team::reduce(value, Sum{});
    if (Team::rank() == 0) values[sample] = share * value;
  }
};

}  // namespace detail

/// Class attention transfer (Guo et al. 2023): `values[b]` = mean over classes k and cells r of
/// `(a_s - a_t)^2`, `a[k, r] = m[k, r] / |m[k, :]|`, 0 where a class's map is. `dstudent` becomes
/// `scale` times the gradient. student, teacher: (classes, cells batch), a sample's cells side by
/// side.
template <Real S>
void op_class_maps(const Space& space, Index cells, MatrixView<const S, Space> student,
                   MatrixView<const S, Space> teacher, S scale, MatrixView<S, Space> dstudent,
                   VectorView<S, Space> values) {
  const detail::ClassMapsKernel<S> kernel{student.rows, cells,         student.data, teacher.data,
                                          scale,        dstudent.data, values.data};
  detail::for_each_sample<S>(space, "class maps", student.rows, values.size, kernel, student.data);
}

}  // namespace kd::cuda
