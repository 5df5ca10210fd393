// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "kd/cpu/ops/copy.hpp"
#include "kd/train/blame.hpp"

namespace kd::detail {

/// A column that is not finite, and the number there.
struct NonfiniteColumn {
  Index column;
  double value;
};

/// The first column of x, (features, batch), that is not finite, if there is one.
template <class S, class Space>
std::optional<NonfiniteColumn> find_nonfinite_column(const Space& space,
                                                     MatrixView<const S, Space> x) {
  if (all_finite(space, x.flat())) return std::nullopt;
  Matrix<S> host(x.rows, x.cols);
  op_download(space, x.flat(), view(host).flat());
  for (Index i = 0; i < host.size(); ++i)
    if (const S value = host.data()[i]; !is_finite(value))
      return NonfiniteColumn{i / x.rows, static_cast<double>(value)};
  return std::nullopt;
}

/// Throws `DataError` when `what`, (features, batch), is not finite; the first column is sample
/// number `first`.
template <class S, class Space>
void check_finite_samples(const char* where, const std::string& what, const Space& space,
                          MatrixView<const S, Space> x, Index first) {
  if (const auto bad = find_nonfinite_column(space, x))
    throw DataError(text(where, ": expected finite ", what, ", got ", bad->value, " for sample ",
                         first + bad->column));
}

/// `what` with the index of the sample whose column is not finite; empty where all are finite.
template <class S, class Space>
std::string name_nonfinite_sample(const std::string& what, const Space& space,
                                  MatrixView<const S, Space> x,
                                  VectorView<const Index, Space> indices) {
  const auto bad = find_nonfinite_column(space, x);
  if (!bad) return {};
  Index index = 0;
  op_download(space, indices.slice(bad->column, 1), VectorView<Index>(&index, 1));
  return text(what, " (sample ", index, ")");
}

}  // namespace kd::detail
