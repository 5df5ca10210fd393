// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "kd/core/matrix.hpp"
#include "kd/core/parallel.hpp"
#include "kd/cpu/space.hpp"

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

}  // namespace kd::cpu
