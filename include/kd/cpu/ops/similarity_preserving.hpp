// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/matrix.hpp"
#include "kd/core/parallel.hpp"
#include "kd/cpu/length.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

/// Similarity preserving (Tung and Mori 2019): `values[i] = |row i of G_s - row i of G_t|^2 / B`,
/// `G = F^T F` with each row divided by its length. `s` and `t` are room, (batch, batch) each.
template <Real S>
void op_similarity_preserving(const Space&, MatrixView<const S> student,
                              MatrixView<const S> teacher, S scale, MatrixView<S> dstudent,
                              VectorView<S> values, MatrixView<S> s, MatrixView<S> t) {
  const Index batch = student.cols;
  const S share = S(1) / static_cast<S>(batch);
  map(s).noalias() = map(student).transpose() * map(student);
  map(t).noalias() = map(teacher).transpose() * map(teacher);
  // The products are symmetric: column i is row i.
  parallel_for(batch, 10. * static_cast<double>(batch), [&](Index i) {
    auto g = map(s).col(i);
    auto d = map(t).col(i);
    const S inverse = detail::inverse_length(g);
    g *= inverse;
    d = g - d * detail::inverse_length(d);
    values.data[i] = share * d.squaredNorm();
    // From the rows divided by their lengths to the rows before.
    g = (2 * scale * share * inverse) * (d - d.dot(g) * g);
  });
  map(dstudent).noalias() += map(student) * map(s);
  map(dstudent).noalias() += map(student) * map(s).transpose();
}

}  // namespace kd::cpu
