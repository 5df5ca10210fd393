// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "kd/core/labels.hpp"
#include "kd/core/matrix.hpp"
#include "kd/teachers/logits_from_elsewhere.hpp"

namespace kd {

/// The k largest logits of every sample, on the host: what a `TopKTeacher` keeps, and what it is
/// made of where another program ran the teacher.
template <Real S>
struct TopKLogits {
  Matrix<Label> classes;   ///< (k, samples), in any order
  Matrix<S> logits;        ///< (k, samples): those of these classes
  Vector<S> tail = {};     ///< (samples): one logit for each other class; none: they are impossible
  Index num_classes = 0;   ///< in all
  double temperature = 4;  ///< the one of `TopK`, at which `tail` gives the others their share
  std::string source = {};  ///< where it comes from; errors say so
};

namespace detail {

/// k must be within 1 and the number of classes. Throws `ConfigError`.
inline void check_k(const std::string& where, Index k, Index classes) {
  if (k < 1 || k > classes)
    throw ConfigError(
        text(where, ": k must be between 1 and the ", classes, " classes of the teacher, got ", k));
}

/// Throws `DataError` when the largest of many look like the largest of probabilities.
template <Real S>
void check_are_top_logits(const std::string& where, MatrixView<const S> logits,
                          LogitsOptions options) {
  if (options.accept_probabilities || logits.rows < 2 || logits.cols < 2) return;
  for (Index b = 0; b < logits.cols; ++b) {
    double sum = 0;
    for (Index i = 0; i < logits.rows; ++i) {
      const S value = logits.data[b * logits.rows + i];
      if (!(value >= S(0) && value <= S(1))) return;
      sum += static_cast<double>(value);
    }
    if (!(sum < 1.01)) return;
  }
  throw DataError(text(where,
                       ": these look like probabilities, not logits: every column is within [0, 1] "
                       "and sums to at most 1; give log(p), or say accept_probabilities"));
}

/// The classes of one sample must be some, and others each. Throws `DataError`.
void check_top_classes(const std::string& where, Index sample, std::vector<Label>& classes,
                       Index num_classes);

/// Checks all of it and brings it into the order of `op_top_k`, largest first.
template <Real S>
TopKLogits<S> sorted_top_k(const std::string& where, TopKLogits<S> from, LogitsOptions options) {
  const Index k = from.logits.rows();
  const Index samples = from.logits.cols();
  if (from.classes.rows() != k || from.classes.cols() != samples || from.logits.size() == 0)
    throw ShapeError(text(where, ": expected as many classes as logits, (k, samples), got (",
                          from.classes.rows(), ", ", from.classes.cols(), ") classes and (", k,
                          ", ", samples, ") logits"));
  if (from.tail.size() != 0 && from.tail.size() != samples)
    throw ShapeError(text(where, ": expected a tail of ", samples, " numbers, one a sample, got ",
                          from.tail.size()));
  check_k(where, k, from.num_classes);
  check_temperature((where + ": temperature").c_str(), from.temperature);
  // Below the largest by so much probabilities are zero, and all methods can go on with it.
  const S far = S(1000) * static_cast<S>(from.temperature);
  const bool has_tail = from.tail.size() != 0 && k < from.num_classes;
  if (!has_tail) from.tail.setZero(samples);
  std::vector<Label> classes;
  std::vector<std::pair<S, Label>> order(static_cast<std::size_t>(k));
  for (Index b = 0; b < samples; ++b) {
    classes.assign(from.classes.data() + b * k, from.classes.data() + (b + 1) * k);
    check_top_classes(where, b, classes, from.num_classes);
    for (Index i = 0; i < k; ++i) {
      const S logit = from.logits(i, b);
      if (!is_finite(logit))
        throw DataError(text(where, ": sample ", b, ": expected finite logits, got ",
                             static_cast<double>(logit)));
      order[static_cast<std::size_t>(i)] = {-logit, from.classes(i, b)};
    }
    std::sort(order.begin(), order.end());  // of equal ones the first class first
    for (Index i = 0; i < k; ++i) {
      from.logits(i, b) = -order[static_cast<std::size_t>(i)].first;
      from.classes(i, b) = order[static_cast<std::size_t>(i)].second;
    }
    if (k == from.num_classes) continue;
    const S largest = from.logits(0, b);
    S& tail = from.tail(b);
    if (has_tail && (is_nan(tail) || tail > largest))
      throw DataError(text(where, ": sample ", b,
                           ": expected a tail of at most the largest logit, which is ",
                           static_cast<double>(largest), ", got ", static_cast<double>(tail)));
    tail = has_tail ? std::max(tail, largest - far) : largest - far;
  }
  check_are_top_logits(where, MatrixView<const S>(view(from.logits)), options);
  return from;
}

#if KD_DEFINES

KD_INLINE void check_top_classes(const std::string& where, Index sample,
                                 std::vector<Label>& classes, Index num_classes) {
  std::sort(classes.begin(), classes.end());
  const Label bad = classes.front() < 0 ? classes.front() : classes.back();
  if (bad < 0 || bad >= num_classes)
    throw DataError(text(where, ": sample ", sample, ": expected classes 0 to ", num_classes - 1,
                         ", got ", bad));
  const auto twice = std::adjacent_find(classes.begin(), classes.end());
  if (twice != classes.end())
    throw DataError(
        text(where, ": sample ", sample, ": expected different classes, got ", *twice, " twice"));
}

#endif

}  // namespace detail
}  // namespace kd
