// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "kd/core/matrix.hpp"
#include "kd/core/parallel.hpp"
#include "kd/cpu/scratch.hpp"

/// Softmax and its relatives over logits (classes, batch), in the two ways that are fast.
///
/// With many classes a vector runs along the classes of one sample. With few it would be mostly
/// empty, so sixteen samples stand side by side and a vector runs across them. A `LogitBlock` is
/// either; a loss is written once for both.
namespace kd::cpu {

/// One number for each sample of a block.
template <Real S, int Lanes>
using PerSample = Eigen::Array<S, Lanes, 1>;

/// Logits of `Lanes` samples, those of a class next to each other: (Lanes, classes).
template <Real S, int Lanes>
class LogitBlock {
 public:
  using Values = Eigen::Array<S, Lanes, Eigen::Dynamic>;

  LogitBlock(S* data, Index classes) : values_(data, Lanes, classes) {}

  Index classes() const { return values_.cols(); }
  auto of_class(Index c) { return values_.col(c); }
  auto of_class(Index c) const { return values_.col(c); }
  /// All numbers of the block in one row, for arithmetic that does not tell samples apart.
  auto flat() const {
    return Eigen::Map<Eigen::Array<S, Eigen::Dynamic, 1>>(const_cast<S*>(values_.data()),
                                                          values_.size());
  }

  PerSample<S, Lanes> max() const {
    if constexpr (Lanes == 1) {
      return PerSample<S, 1>::Constant(flat().maxCoeff());
    } else {
      PerSample<S, Lanes> most = of_class(0);
      for (Index c = 1; c < classes(); ++c) most = most.max(of_class(c));
      return most;
    }
  }

  /// Becomes `exp((logits - max) * scale)`; returns the sums over classes.
  PerSample<S, Lanes> assign_exp(const LogitBlock& logits, const PerSample<S, Lanes>& max,
                                 S scale) {
    if constexpr (Lanes == 1) {
      flat() = ((logits.flat() - max[0]) * scale).exp();
      return PerSample<S, 1>::Constant(flat().sum());
    } else {
      PerSample<S, Lanes> sum = PerSample<S, Lanes>::Zero();
      for (Index c = 0; c < classes(); ++c) {
        of_class(c) = ((logits.of_class(c) - max) * scale).exp();
        sum += of_class(c);
      }
      return sum;
    }
  }

  /// `sum_c weight_c ((a_c - a_max) - (b_c - b_max))` for every sample, this block's numbers being
  /// the weights.
  PerSample<S, Lanes> weigh_gap(const LogitBlock& a, const PerSample<S, Lanes>& a_max,
                                const LogitBlock& b, const PerSample<S, Lanes>& b_max) const {
    if constexpr (Lanes == 1) {
      return PerSample<S, 1>::Constant(
          (flat() * ((a.flat() - a_max[0]) - (b.flat() - b_max[0]))).sum());
    } else {
      PerSample<S, Lanes> sum = PerSample<S, Lanes>::Zero();
      for (Index c = 0; c < classes(); ++c)
        sum += of_class(c) * ((a.of_class(c) - a_max) - (b.of_class(c) - b_max));
      return sum;
    }
  }

  /// `this += factor values`
  void add(const LogitBlock& values, const PerSample<S, Lanes>& factor) {
    if constexpr (Lanes == 1) {
      flat() += values.flat() * factor[0];
    } else {
      for (Index c = 0; c < classes(); ++c) of_class(c) += values.of_class(c) * factor;
    }
  }

 private:
  Eigen::Map<Values> values_;
};

namespace detail {

/// Classes up to which samples stand side by side.
inline constexpr Index few_classes = 256;
inline constexpr int side_by_side = 16;

/// Sets samples side by side, (classes, count) to (Lanes, classes); lanes beyond repeat the last.
template <int Lanes, Real S>
void interleave(MatrixView<const S> logits, Index first, Index count, S* block) {
  for (Index l = 0; l < Lanes; ++l) {
    const S* const from = logits.data + (first + std::min<Index>(l, count - 1)) * logits.rows;
    for (Index c = 0; c < logits.rows; ++c) block[c * Lanes + l] = from[c];
  }
}

/// Adds a block back to its samples.
template <int Lanes, Real S>
void add_separated(const S* block, Index first, Index count, MatrixView<S> logits) {
  for (Index l = 0; l < count; ++l) {
    S* const to = logits.data + (first + l) * logits.rows;
    for (Index c = 0; c < logits.rows; ++c) to[c] += block[c * Lanes + l];
  }
}

}  // namespace detail

/// Calls `body(first, count, lanes)` for blocks of samples that suit the number of classes;
/// `lanes` is a constant, 1 or 16. `exponentials` counts those an element takes.
template <class Body>
void for_logit_blocks(Index classes, Index batch, int exponentials, Body&& body) {
  using One = std::integral_constant<int, 1>;
  using Many = std::integral_constant<int, detail::side_by_side>;
  const double work = 2. * exponentials * static_cast<double>(classes);
  if (classes > detail::few_classes) {
    parallel_for(batch, work, [&](Index b) { body(b, Index{1}, One{}); });
  } else {
    constexpr Index lanes = detail::side_by_side;
    parallel_for((batch + lanes - 1) / lanes, work * lanes, [&](Index block) {
      body(block * lanes, std::min(lanes, batch - block * lanes), Many{});
    });
  }
}

}  // namespace kd::cpu
