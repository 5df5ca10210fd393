// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "kd/core/matrix.hpp"
#include "kd/core/parallel.hpp"
#include "kd/cpu/space.hpp"

/// Losses on how alike samples are, by inner products of their features (features, batch). Each
/// adds `scale` times the gradient of `sum(values)` to `dstudent`. Features that are all zero (of
/// rectifiers that let nothing pass) have no direction: nothing is divided by their length.
namespace kd::cpu {

/// `values[b] = 1 - <f_b, g_b> / (|f_b| |g_b|)`, lengths being at least 1e-8.
template <Real S>
void op_factor_cosine(const Space&, MatrixView<const S> student, MatrixView<const S> teacher,
                      S scale, MatrixView<S> dstudent, VectorView<S> values) {
  constexpr S least = S(1e-8);
  parallel_for(student.cols, 5. * static_cast<double>(student.rows), [&](Index b) {
    const auto f = map(student).col(b);
    const auto g = map(teacher).col(b);
    const S f_length = f.stableNorm();
    const S g_length = std::max(g.stableNorm(), least);
    const S inverse = S(1) / std::max(f_length, least);
    const S cosine = (f * inverse).dot(g / g_length);
    values.data[b] = S(1) - cosine;
    if (f_length < least) return;
    map(dstudent).col(b) += (scale * inverse) * (cosine * inverse * f - g / g_length);
  });
}

/// Similarity preserving (Tung and Mori 2019): `values[i] = |row i of G_s - row i of G_t|^2 / B`,
/// `G = F^T F` with each row divided by its length. `s` and `t` are room, (batch, batch) each.
template <Real S>
void op_similarity_preserving(const Space&, MatrixView<const S> student,
                              MatrixView<const S> teacher, S scale, MatrixView<S> dstudent,
                              VectorView<S> values, MatrixView<S> s, MatrixView<S> t) {
  const Index batch = student.cols;
  const S share = S(1) / static_cast<S>(batch);
  const auto inverse_length = [](const auto& row) {
    const S length = row.stableNorm();
    return length > std::numeric_limits<S>::min() ? S(1) / length : S(0);
  };
  map(s).noalias() = map(student).transpose() * map(student);
  map(t).noalias() = map(teacher).transpose() * map(teacher);
  // The products are symmetric: column i is row i.
  parallel_for(batch, 10. * static_cast<double>(batch), [&](Index i) {
    auto g = map(s).col(i);
    auto d = map(t).col(i);
    const S inverse = inverse_length(g);
    g *= inverse;
    d = g - d * inverse_length(d);
    values.data[i] = share * d.squaredNorm();
    // From the rows divided by their lengths to the rows before.
    g = (2 * scale * share * inverse) * (d - d.dot(g) * g);
  });
  map(dstudent).noalias() += map(student) * map(s);
  map(dstudent).noalias() += map(student) * map(s).transpose();
}

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
