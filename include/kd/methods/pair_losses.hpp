// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/buffer.hpp"
#include "kd/distill/sample_losses.hpp"

namespace kd::detail {

/// The state of a method that compares the samples of a batch in pairs.
template <Real S, class Space, Index Terms = 1>
struct PairLosses {
  Buffer<S, Space> room;  ///< matrices (batch, batch), vectors (batch) behind them
  SampleLosses<S, Space, Terms> losses;

  /// `count` of the matrices side by side, from the k-th on: (batch, count batch). Throws
  /// `ShapeError` when the state was made for smaller batches.
  MatrixView<S, Space> matrices(Index k, Index count, Index batch) {
    const MatrixView<S, Space> all = room.matrix(batch, (k + count) * batch);
    return all.middle_cols(k * batch, count * batch);
  }
};

/// Room for so many matrices and vectors. A tap that does not exist does not compile; throws
/// `ConfigError` when no batch can hold a pair.
template <class Tap, Index Terms, class TeacherT, class StudentT>
auto make_pair_losses(const char* method, const StudentT& student, Index capacity, Index matrices,
                      Index vectors = 0) {
  using S = typename StudentT::Scalar;
  using Space = typename StudentT::Space;
  Tap::template check<TeacherT, StudentT>();
  if (capacity < 2)
    throw ConfigError(text(method,
                           ": compares pairs of samples, so it needs batches of at least "
                           "2 samples, got ",
                           capacity));
  return PairLosses<S, Space, Terms>{
      Buffer<S, Space>((matrices * capacity + vectors) * capacity, student.space()),
      SampleLosses<S, Space, Terms>(capacity, student.space())};
}

}  // namespace kd::detail
