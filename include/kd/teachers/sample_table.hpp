// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <concepts>
#include <utility>

#include "kd/core/model_fits.hpp"
#include "kd/data/loader.hpp"
#include "kd/teachers/teacher.hpp"

namespace kd {

/// What teachers have in common that ran once and look up what they said by sample index: they
/// know the samples of one data set, as they are.
class SampleTable {
 public:
  /// How many samples it knows.
  Index size() const { return samples_; }

  /// Lets it teach inputs that are changed at random (`FitOptions::augment`), with what the teacher
  /// said of the inputs before. It refuses them otherwise.
  void accept_augmented_inputs() { accepts_augmented_ = true; }

  /// Every sample of the data set must be in the table; a distiller asks before it starts. Throws
  /// `ShapeError` when the sizes differ, `ConfigError` when inputs are augmented and must not be.
  void check_data(const Dataset& data, bool augmented = false) const {
    if (data.size() != samples_)
      throw ShapeError(detail::text(name_, ": holds the logits of ", samples_,
                                    " samples, got a data set of ", data.size()));
    if (augmented && !accepts_augmented_)
      throw ConfigError(detail::text(
          name_,
          ": FitOptions::augment changes the inputs, but the logits are those of the inputs "
          "before: use the live teacher, or call accept_augmented_inputs()"));
  }

 protected:
  SampleTable(const char* name, Index samples) : name_(name), samples_(samples) {}

  /// Indices on the host must be within the table; those elsewhere only their device can read.
  template <class Space>
  void check_indices(VectorView<const Index, Space> indices) const {
    if constexpr (std::same_as<Space, cpu::Space>)
      for (Index b = 0; b < indices.size; ++b)
        if (indices.data[b] < 0 || indices.data[b] >= samples_)
          throw DataError(detail::text(name_, ": holds the logits of samples 0 to ", samples_ - 1,
                                       ", got index ", indices.data[b]));
  }

 private:
  const char* name_;
  Index samples_;
  bool accepts_augmented_ = false;
};

namespace detail {

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
    take(first, logits, std::as_const(workspace));
    first += logits.cols;
  }
}

}  // namespace detail
}  // namespace kd
