// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <concepts>
#include <optional>
#include <string>
#include <utility>

#include "kd/core/model_fits.hpp"
#include "kd/data/loader.hpp"
#include "kd/teachers/teacher.hpp"
#include "kd/train/finite_samples.hpp"

namespace kd {

/// What teachers have in common that ran once and look up what they said by sample index: they
/// know the samples of one data set, as they are. The table of a whole data set teaches each slice
/// and subset of it, the table of a slice that slice and its parts, and both refuse other data. A
/// data set that is read from the same files again is the same one (`Dataset::identity`).
class SampleTable {
 public:
  /// How many samples it knows.
  Index size() const { return samples_; }

  /// Lets it teach inputs that are changed at random (`FitOptions::augment`, `second_view`), with
  /// what the teacher said of the inputs before, in both views. It refuses them otherwise.
  void accept_augmented_inputs() { accepts_augmented_ = true; }

  /// Every sample of the data set must be in the table; whoever runs the teacher asks before it
  /// starts. Throws `ShapeError` when sizes differ or samples are missing, `DataError` when it is
  /// another data set, `ConfigError` when inputs are augmented and must not be.
  void check_data(const Dataset& data, bool augmented = false) const {
    if (data_) {
      detail::check_same_data(name_.c_str(), *data_, data.identity());
      const auto [least, most] = places_of(data);
      if (least < first_ || most >= first_ + samples_)
        throw ShapeError(detail::text(name_, ": holds samples ", first_, " to ",
                                      first_ + samples_ - 1, " of the data set, got its samples ",
                                      least, " to ", most));
    } else if (data.whole_size() != samples_) {
      throw ShapeError(detail::text(
          name_, ": holds the logits of ", samples_, " samples, got a data set of ",
          data.whole_size(), data.size() == data.whole_size() ? "" : " of which this is a slice"));
    }
    if (augmented && !accepts_augmented_)
      throw ConfigError(detail::text(
          name_,
          ": FitOptions::augment or second_view changes the inputs, but the logits are those "
          "of the inputs before: use the live teacher, or call accept_augmented_inputs()"));
  }

 protected:
  /// A table of the samples of `data`. Throws `ConfigError` when that is a subset.
  SampleTable(std::string name, const Dataset& data)
      : name_(std::move(name)),
        first_(data.first()),
        samples_(data.size()),
        data_(data.identity()) {
    if (data.is_subset())
      throw ConfigError(name_ +
                        ": expected a whole data set or a slice, got a subset: make it of the "
                        "whole, whose table teaches each subset");
  }
  /// A table from elsewhere, which can be held to the size of a whole data set alone.
  SampleTable(std::string name, Index samples) : name_(std::move(name)), samples_(samples) {}

  /// The index of the first sample.
  Index first() const { return first_; }

  /// Indices on the host must be within the table; those elsewhere only their device can read.
  template <class Space>
  void check_indices(VectorView<const Index, Space> indices) const {
    if constexpr (std::same_as<Space, cpu::Space>)
      for (Index b = 0; b < indices.size; ++b)
        if (indices.data[b] < first_ || indices.data[b] >= first_ + samples_)
          throw DataError(detail::text(name_, ": holds the logits of samples ", first_, " to ",
                                       first_ + samples_ - 1, ", got index ", indices.data[b]));
  }

 private:
  /// The least and the largest place of its samples in the whole.
  static std::pair<Index, Index> places_of(const Dataset& data) {
    std::pair<Index, Index> ends{data.first(), data.first() + data.size() - 1};
    if (!data.is_subset()) return ends;
    ends.second = ends.first;
    for (Index i = 0; i < data.size(); ++i) {
      ends.first = std::min(ends.first, data.place(i));
      ends.second = std::max(ends.second, data.place(i));
    }
    return ends;
  }

  std::string name_;  ///< what errors say
  Index first_ = 0;
  Index samples_;
  std::optional<DatasetIdentity> data_;  ///< of which whole, unless it came from elsewhere
  bool accepts_augmented_ = false;
};

namespace detail {

/// A table holds what its teacher says, as it says it.
template <class Table, class TeacherT>
constexpr void require_same_kind() {
  static_assert(std::same_as<typename Table::Scalar, typename TeacherT::Scalar> &&
                    std::same_as<typename Table::Space, typename TeacherT::Space>,
                "a table must be of the scalar and the memory space of its teacher: leave the "
                "template arguments out, and they are");
}

/// Runs a teacher over a data set once: `take(first, logits, workspace)` gets the logits of the
/// samples from `first` on, and what the teacher worked in. Throws as `evaluate` does.
template <class TeacherT, class Take>
void run_teacher(const char* where, const TeacherT& teacher, const Dataset& data, Index batch_size,
                 Take&& take) {
  check_model_fits(where, teacher, data);
  Loader<typename TeacherT::Scalar, typename TeacherT::Space> loader(data, batch_size,
                                                                     teacher.space());
  auto workspace = teacher.make_workspace(std::min(batch_size, data.size()));
  Index first = 0;
  for (Index i = 0; i < loader.batches(); ++i) {
    const auto batch = loader.batch(i);
    const auto logits = teacher.logits(batch, workspace);
    check_logits(where, teacher, batch.size(), logits);
    check_finite_samples(where, "logits of the teacher", teacher.space(), logits, first);
    take(first, logits, std::as_const(workspace));
    first += logits.cols;
  }
}

}  // namespace detail
}  // namespace kd
