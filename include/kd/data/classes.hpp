// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <utility>
#include <vector>

#include "kd/core/random.hpp"
#include "kd/data/dataset.hpp"
#include "kd/data/split.hpp"

namespace kd {

namespace detail {

/// Throws `DataError` when there are no labels, or one of these is no class.
void check_classes(const char* where, const Dataset& data, std::initializer_list<Label> classes);

}  // namespace detail

/// The samples of some classes, in their order: `only_classes(train, {7, 8})`. It has as many
/// classes as before, and samples keep their places in the whole, so that a table of a teacher's
/// logits of the whole teaches them. Samples whose label is ignored are left out.
///
/// Throws `DataError` when there are no labels, a class does not exist or no sample is of these.
Dataset only_classes(const Dataset& data, std::initializer_list<Label> classes);

/// All samples but those of some classes, likewise: `without_classes(train, {3})`. Samples whose
/// label is ignored stay.
///
/// Source: the transfer set without threes of Hinton, Vinyals, Dean, "Distilling the knowledge in a
/// neural network", 2015, section 3. Throws as `only_classes`.
Dataset without_classes(const Dataset& data, std::initializer_list<Label> classes);

/// A random share of the samples, in their order, of which every class keeps its share to within
/// one sample: `subsample(train, 0.1, seed)`. Samples keep their places in the whole. The same seed
/// gives the same samples everywhere. Throws `ConfigError` when the share is not between 0 and 1,
/// or no sample or every sample would be left.
Dataset subsample(const Dataset& data, double share, std::uint64_t seed);

/// The same with a share for each class, 0 to 1, such as few samples of a rare one: of class c
/// `round(shares[c] * samples of c)` are left, and all whose label is ignored.
///
/// Throws `DataError` when there are no labels or no sample is left, `ShapeError` when there are
/// not as many shares as classes, `ConfigError` when one is not from 0 to 1.
Dataset subsample(const Dataset& data, const std::vector<double>& shares, std::uint64_t seed);

#if KD_DEFINES

namespace detail {

/// The samples for whose label `is_wanted(label)`; one that is ignored is of no class.
template <class IsWanted>
Dataset samples_whose_label(const char* where, const Dataset& data, const IsWanted& is_wanted) {
  std::vector<Index> samples;
  for (Index i = 0; i < data.size(); ++i)
    if (is_wanted(data.labels().data[i])) samples.push_back(i);
  if (samples.empty()) throw DataError(text(where, ": no sample is left"));
  return data.subset(samples);
}

}  // namespace detail

KD_INLINE void detail::check_classes(const char* where, const Dataset& data,
                                     std::initializer_list<Label> classes) {
  if (!data.has_labels()) throw DataError(text(where, ": needs labels, and the data set has none"));
  for (const Label label : classes)
    if (label < 0 || label >= data.classes())
      throw DataError(text(where, ": expected classes 0 to ", data.classes() - 1, ", got ", label));
}

KD_INLINE Dataset only_classes(const Dataset& data, std::initializer_list<Label> classes) {
  detail::check_classes("only_classes", data, classes);
  return detail::samples_whose_label("only_classes", data, [&](Label label) {
    return label != data.ignored_label() &&
           std::find(classes.begin(), classes.end(), label) != classes.end();
  });
}

KD_INLINE Dataset without_classes(const Dataset& data, std::initializer_list<Label> classes) {
  detail::check_classes("without_classes", data, classes);
  return detail::samples_whose_label("without_classes", data, [&](Label label) {
    return label == data.ignored_label() ||
           std::find(classes.begin(), classes.end(), label) == classes.end();
  });
}

KD_INLINE Dataset subsample(const Dataset& data, double share, std::uint64_t seed) {
  std::vector<Index> samples = split_places(data, share, seed).test;
  std::sort(samples.begin(), samples.end());
  return data.subset(samples);
}

KD_INLINE Dataset subsample(const Dataset& data, const std::vector<double>& shares,
                            std::uint64_t seed) {
  detail::check_classes("subsample", data, {});
  detail::check_equal("subsample", "shares, one for each class", data.classes(),
                      static_cast<Index>(shares.size()));
  std::vector<std::vector<Index>> of_classes(shares.size() + 1);  // then those that are ignored
  for (Index i = 0; i < data.size(); ++i) {
    const Label label = data.labels().data[i];
    of_classes[label == data.ignored_label() ? shares.size() : static_cast<std::size_t>(label)]
        .push_back(i);
  }
  std::vector<Index> samples = std::move(of_classes.back());
  for (std::size_t c = 0; c < shares.size(); ++c) {
    if (!(shares[c] >= 0 && shares[c] <= 1))
      throw ConfigError(
          detail::text("subsample: shares must be from 0 to 1, got ", shares[c], " for class ", c));
    const std::uint64_t units = detail::share_in_units(shares[c]);
    const auto size = static_cast<std::uint64_t>(of_classes[c].size());
    shuffle(of_classes[c], Rng(seed).stream(c));
    const auto left = static_cast<std::ptrdiff_t>((units * size + (1ULL << 31)) >> 32);
    samples.insert(samples.end(), of_classes[c].begin(), of_classes[c].begin() + left);
  }
  if (samples.empty()) throw DataError("subsample: no sample is left");
  std::sort(samples.begin(), samples.end());
  return data.subset(samples);
}

#endif

}  // namespace kd
