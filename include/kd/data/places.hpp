// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <utility>

#include "kd/core/error.hpp"
#include "kd/core/matrix.hpp"
#include "kd/data/held.hpp"

namespace kd::detail {

/// Throws `ShapeError` unless these are some of `size` samples.
void check_samples(const char* where, std::span<const Index> samples, Index size);

/// Throws `ShapeError` unless `count` from `first` on are some of `size` samples.
void check_slice(const char* where, Index first, Index count, Index size);

/// Throws `ShapeError` unless there is one for each of `samples`, of so many features; `other` many
/// would be there if they lay the other way round.
void check_one_a_sample(const char* what, Index got, Index other, Index features, Index samples);

/// Where the samples of a data set lie in the whole that it is a slice or a subset of.
class Places {
 public:
  explicit Places(Index whole_size) : whole_size_(whole_size) {}

  Index operator[](Index i) const { return is_subset() ? places_.view.data[i] : first_ + i; }
  /// Whether samples between its own may be missing.
  bool is_subset() const { return !places_.view.empty(); }
  Index whole_size() const { return whole_size_; }

  Places slice(Index first, Index count) const;
  Places subset(std::span<const Index> samples) const;

 private:
  Index first_ = 0;                       ///< of a slice
  Held<VectorView<const Index>> places_;  ///< of the samples of a subset
  Index whole_size_;
};

#if KD_DEFINES

KD_INLINE void check_samples(const char* where, std::span<const Index> samples, Index size) {
  if (samples.empty()) throw ShapeError(text(where, ": expected at least one sample, got none"));
  for (const Index sample : samples)
    if (sample < 0 || sample >= size)
      throw ShapeError(text(where, ": expected samples within 0 to ", size - 1, ", got ", sample));
}

KD_INLINE void check_slice(const char* where, Index first, Index count, Index size) {
  if (first < 0 || count < 1 || first > size || count > size - first)
    throw ShapeError(
        text(where, ": expected samples within 0 to ", size - 1, ", got ", count, " from ", first));
}

KD_INLINE void check_one_a_sample(const char* what, Index got, Index other, Index features,
                                  Index samples) {
  if (got == samples) return;
  std::string hint;
  if (features == got)
    hint = "; are the inputs (samples, features)? transpose them";
  else if (other == samples)
    hint = text("; are the ", what, " (samples, outputs)? transpose them");
  throw ShapeError(text("Dataset: expected as many ", what, " as samples, got ", got, " ", what,
                        " for ", samples, " samples", hint));
}

KD_INLINE Places Places::slice(Index first, Index count) const {
  Places part = *this;
  if (is_subset())
    part.places_.view = places_.view.slice(first, count);
  else
    part.first_ += first;
  return part;
}

KD_INLINE Places Places::subset(std::span<const Index> samples) const {
  Vector<Index> places(static_cast<Index>(samples.size()));
  Index* to = places.data();
  for (const Index sample : samples) *to++ = (*this)[sample];
  Places some = *this;
  some.places_ = hold(std::move(places));
  return some;
}

#endif

}  // namespace kd::detail
