// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>

#include "kd/core/batch.hpp"
#include "kd/core/label_need.hpp"
#include "kd/data/dataset.hpp"
#include "kd/nn/tape.hpp"

namespace kd {

/// A teacher is anything that gives logits for a batch: a `const` network, a table of cached
/// logits, an ensemble, somebody else's runtime. It is never changed.
///
/// `make_workspace(capacity)` is the room it needs for batches of up to `capacity` samples, and
/// `logits(batch, workspace)` fills it; the result stays until the next call. A teacher may have
/// `in_features()`, and `check_data(data, augmented)`, which throws when it cannot teach these
/// samples: whoever runs it over a data set asks both first. One that reads the labels of a batch
/// says so by `label_need()`, as a method does.
template <class T>
concept Teacher = requires(const T teacher, Index capacity,
                           const Batch<typename T::Scalar, typename T::Space>& batch,
                           typename T::Workspace& workspace) {
  { T::static_classes } -> std::convertible_to<Index>;
  { teacher.num_classes() } -> std::same_as<Index>;
  { teacher.make_workspace(capacity) } -> std::same_as<typename T::Workspace>;
  {
    teacher.logits(batch, workspace)
    } -> std::same_as<MatrixView<const typename T::Scalar, typename T::Space>>;
};

namespace detail {

/// The features that a model takes where its type tells them, else `dynamic`.
template <class Model>
constexpr Index static_features() {
  if constexpr (requires { typename Model::Architecture; }) {
    return Model::Architecture::static_width(0);
  } else {
    return dynamic;
  }
}

/// A teacher whose hidden layers can be tapped: its architecture is known and its workspace is a
/// tape.
template <class T>
concept HasFeatures = Teacher<T> && requires {
  typename T::Architecture;
} && std::derived_from<typename T::Workspace, Tape<typename T::Scalar, typename T::Space>>;

}  // namespace detail
}  // namespace kd
