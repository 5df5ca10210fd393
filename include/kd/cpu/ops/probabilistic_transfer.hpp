// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include "kd/core/matrix.hpp"
#include "kd/core/parallel.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

/// Probabilistic transfer (Passalis and Tefas 2018): `values[i] = sum_j t_ij log((t_ij + eps) /
/// (s_ij + eps)) / B`, where `s_ij` is `(cosine of samples i and j + 1) / 2` over its sum over j,
/// `t_ij` the same of the teacher, and eps = 1e-7 (added to the lengths too). Room: `s` and `t`
/// (batch, batch) each, `lengths` (2 batch).
template <Real S>
void op_probabilistic_transfer(const Space&, MatrixView<const S> student,
                               MatrixView<const S> teacher, S scale, MatrixView<S> dstudent,
                               VectorView<S> values, MatrixView<S> s, MatrixView<S> t,
                               VectorView<S> lengths) {
  constexpr S eps = S(1e-7);
  const Index batch = student.cols;
  const S share = S(1) / static_cast<S>(batch);
  const VectorView<S> s_inverse = lengths.slice(0, batch);
  const VectorView<S> t_inverse = lengths.slice(batch, batch);
  const auto prepare = [&](MatrixView<const S> features, MatrixView<S> products,
                           VectorView<S> inverse) {
    map(products).noalias() = map(features).transpose() * map(features);
    for (Index i = 0; i < batch; ++i) {
      const S length = std::sqrt(products.data[i + i * batch]);
      inverse.data[i] = length > S(0) ? S(1) / (length + eps) : S(0);
    }
  };
  const auto similarities = [&](MatrixView<S> products, VectorView<S> inverse, Index i) {
    return (map(products).col(i).array() * array(inverse) * inverse.data[i] + S(1)) * S(0.5);
  };
  prepare(student, s, s_inverse);
  prepare(teacher, t, t_inverse);
  parallel_for(batch, 40. * static_cast<double>(batch), [&](Index i) {
    auto p = map(t).col(i).array();  // the teacher's share, then the gradient at the cosine
    p = similarities(t, t_inverse, i);
    p *= S(1) / p.sum();
    const auto c = similarities(s, s_inverse, i);
    const S inverse_sum = S(1) / c.sum();
    const auto q = c * inverse_sum;
    values.data[i] = share * (p * ((p + eps) / (q + eps)).log()).sum();
    p = (-scale * share) * p / (q + eps);
    p = (S(0.5) * inverse_sum) * (p - (p * q).sum());
  });
  // The gradient is F times a matrix: cosines turn a feature, and leave its length alone.
  parallel_for(batch, 10. * static_cast<double>(batch), [&](Index i) {
    const S inverse = s_inverse.data[i];
    auto w = map(s).col(i).array();
    const S length = std::sqrt(w(i));
    const auto d = (map(t).col(i) + map(t).row(i).transpose()).array() * array(s_inverse);
    const S along = inverse > S(0) ? inverse * inverse / length * (d * w).sum() : S(0);
    w = d * inverse;
    w(i) -= along;
  });
  map(dstudent).noalias() += map(student) * map(s);
}

}  // namespace kd::cpu
