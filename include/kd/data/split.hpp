// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "kd/core/random.hpp"
#include "kd/data/dataset.hpp"

namespace kd {

/// The samples of a data set that make its two parts, by their places in it.
struct SplitPlaces {
  std::vector<Index> train;
  std::vector<Index> test;
};

/// A data set in two parts.
struct DataSplit {
  Dataset train;
  Dataset test;
};

namespace detail {

/// A share in units of 2^-32: sums of integers are the same whatever a compiler makes of products
/// and sums of numbers with a point.
std::uint64_t share_in_units(double share);

/// How many samples of each group the second part gets: a share of them to within one, `total` in
/// all. What is over goes to those that lost most by rounding down.
std::vector<Index> share_out(const std::vector<Index>& sizes, std::uint64_t units, Index total);

}  // namespace detail

/// Draws `share` of the samples for the second part and leaves the rest to the first, both in a
/// random order. Every class keeps its share to within one sample, and so do the samples whose
/// label is ignored; without labels all samples are alike. The same seed gives the same parts
/// everywhere, for fewer than 2^32 samples. Throws `ConfigError` when the share is not between 0
/// and 1, or a part would be empty.
SplitPlaces split_places(const Dataset& data, double share, std::uint64_t seed);

/// The two parts themselves, copies: `const auto [train, test] = split(data, 0.2, seed)`. Throws as
/// `split_places`, which tells what to take of a table that goes with the data set.
DataSplit split(const Dataset& data, double share, std::uint64_t seed);

#if KD_DEFINES

KD_INLINE std::uint64_t detail::share_in_units(double share) {
  return static_cast<std::uint64_t>(std::llround(share * 0x1p32));
}

KD_INLINE std::vector<Index> detail::share_out(const std::vector<Index>& sizes, std::uint64_t units,
                                               Index total) {
  struct Rest {
    std::uint64_t lost;
    std::size_t group;
  };
  std::vector<Index> quotas;
  std::vector<Rest> rests;
  for (const Index size : sizes) {
    const std::uint64_t exact = units * static_cast<std::uint64_t>(size);
    quotas.push_back(static_cast<Index>(exact >> 32));
    total -= quotas.back();
    rests.push_back({exact & 0xFFFFFFFF, rests.size()});
  }
  std::sort(rests.begin(), rests.end(), [](const Rest& a, const Rest& b) {
    return a.lost != b.lost ? a.lost > b.lost : a.group < b.group;
  });
  for (std::size_t i = 0; total > 0 && i < rests.size(); ++i, --total) ++quotas[rests[i].group];
  return quotas;
}

KD_INLINE SplitPlaces split_places(const Dataset& data, double share, std::uint64_t seed) {
  if (!detail::is_finite(share) || share <= 0 || share >= 1)
    throw ConfigError(detail::text("split: share must be above 0 and below 1, got ", share));
  const std::uint64_t units = detail::share_in_units(share);
  const auto total =
      static_cast<Index>((units * static_cast<std::uint64_t>(data.size()) + (1ULL << 31)) >> 32);
  if (total < 1 || total >= data.size())
    throw ConfigError(detail::text("split: a share of ", share, " of ", data.size(),
                                   " samples leaves one part empty"));
  const auto group = [&](Index sample) {
    if (!data.has_labels()) return std::size_t{0};
    const Label label = data.labels().data[sample];
    return static_cast<std::size_t>(label == data.ignored_label() ? data.classes() : Index{label});
  };
  std::vector<Index> sizes(static_cast<std::size_t>(data.classes()) + 1);
  std::vector<Index> order(static_cast<std::size_t>(data.size()));
  for (Index i = 0; i < data.size(); ++i) {
    order[static_cast<std::size_t>(i)] = i;
    ++sizes[group(i)];
  }
  shuffle(order, Rng(seed));
  std::vector<Index> quotas = detail::share_out(sizes, units, total);
  SplitPlaces places;
  for (const Index sample : order)
    (quotas[group(sample)]-- > 0 ? places.test : places.train).push_back(sample);
  return places;
}

KD_INLINE DataSplit split(const Dataset& data, double share, std::uint64_t seed) {
  const SplitPlaces places = split_places(data, share, seed);
  return {data.select(places.train), data.select(places.test)};
}

#endif

}  // namespace kd
