// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "kd/core/fingerprint_of.hpp"
#include "kd/cpu/ops/copy.hpp"
#include "kd/cpu/ops/gather.hpp"
#include "kd/teachers/logits_from_elsewhere.hpp"
#include "kd/teachers/logits_room.hpp"
#include "kd/teachers/sample_table.hpp"

namespace kd {

/// A teacher that ran once: its logits for every sample of a data set, looked up by sample index
/// (see `SampleTable`).
///
/// It teaches exactly what the live teacher would, without its forward pass in every step, as long
/// as the samples do not change: inputs that are augmented at random it refuses, unless told to
/// `accept_augmented_inputs()`.
template <Real ScalarT = float, class SpaceT = cpu::Space, Index Classes = dynamic>
class CachedTeacher : public SampleTable {
 public:
  using Scalar = ScalarT;
  using Space = SpaceT;
  static constexpr Index static_classes = Classes;

  using Workspace = LogitsRoom<Scalar, Space>;

  /// Runs `teacher` over `data` once. Throws as `evaluate` does.
  template <Teacher T>
  CachedTeacher(const T& teacher, const Dataset& data, Index batch_size = 256)
      : CachedTeacher(teacher.num_classes(), data, teacher.space()) {
    detail::require_same_kind<CachedTeacher, T>();
    detail::run_teacher("CachedTeacher", teacher, data, batch_size,
                        [&](Index first, MatrixView<const Scalar, Space> logits, const auto&) {
                          op_copy(space(), logits.flat(),
                                  table().middle_cols(first, logits.cols).flat(), Write::overwrite);
                        });
  }

  /// Takes logits from elsewhere, column i those of sample i: (classes, samples). They belong to a
  /// whole data set of as many samples, whichever it is, and its slices.
  /// Throws `DataError` when there are none, one is not finite, or they look like probabilities.
  explicit CachedTeacher(const MatrixRef<Scalar>& logits, LogitsOptions options = {},
                         Space space = {})
      : CachedTeacher(logits.rows(), logits.cols(), std::move(space)) {
    const Matrix<Scalar> packed = logits;
    detail::check_are_logits("CachedTeacher", view(packed), options);
    if (packed.size() == 0 || !detail::all_finite(packed.data(), packed.size()))
      throw DataError(detail::text(
          "CachedTeacher: expected finite logits (classes, samples), got (", logits.rows(), ", ",
          logits.cols(), ")", logits.size() == 0 ? "" : " with NaN or infinity"));
    op_upload(this->space(), view(packed).flat(), table().flat());
  }

  const Space& space() const { return logits_.space(); }
  std::optional<std::uint64_t> fingerprint() const {
    return detail::fingerprint_of(space(), logits_.view());
  }
  Index num_classes() const { return classes_; }

  /// All logits, (classes, samples), on the host, to be saved (`save_npy`) or looked at.
  Matrix<Scalar> kept() const {
    Matrix<Scalar> all(classes_, size());
    op_download(space(), table().flat(), view(all).flat());
    return all;
  }

  Workspace make_workspace(Index capacity) const { return {classes_, capacity, space()}; }

  MatrixView<const Scalar, Space> logits(const Batch<Scalar, Space>& batch,
                                         Workspace& workspace) const {
    check_indices(batch.indices);
    const auto out = workspace.of("CachedTeacher", classes_, batch.size());
    op_gather(space(), table(), batch.indices, Scalar(1), out, first());
    return out;
  }

 private:
  /// `samples`: a data set, or how many there are.
  template <class Samples>
  CachedTeacher(Index classes, const Samples& samples, Space space)
      : SampleTable("CachedTeacher", samples),
        classes_(classes),
        logits_(classes * size(), std::move(space)) {
    if (Classes != dynamic) detail::check_equal("CachedTeacher", "classes", Classes, classes);
  }

  MatrixView<Scalar, Space> table() { return logits_.matrix(classes_, size()); }
  MatrixView<const Scalar, Space> table() const { return logits_.matrix(classes_, size()); }

  Index classes_;
  Buffer<Scalar, Space> logits_;
};

template <Teacher T>
CachedTeacher(const T&, const Dataset&, Index = 256)
    -> CachedTeacher<typename T::Scalar, typename T::Space, T::static_classes>;
template <class Logits>
CachedTeacher(const Eigen::MatrixBase<Logits>&, LogitsOptions = {})
    -> CachedTeacher<typename Logits::Scalar>;

}  // namespace kd
