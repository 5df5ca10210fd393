// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "kd/core/fingerprint_of.hpp"
#include "kd/cpu/ops/top_k.hpp"
#include "kd/teachers/logits_room.hpp"
#include "kd/teachers/sample_table.hpp"
#include "kd/teachers/top_k_logits.hpp"

namespace kd {

struct TopKTeacherOptions {
  double temperature = 4;  ///< at which the classes that are not kept have the right share together
  Index batch_size = 256;  ///< of the run over the data
};

/// A teacher that ran once and of which the k largest logits of every sample were kept: where there
/// are many classes, a small part of what `CachedTeacher` takes.
///
/// Beside the k logits it keeps, for the rest, one logit `T log mean_j exp(v_j / T)`, so that at
/// temperature T the kept classes have exactly the probabilities they had. The method `TopK` learns
/// from it without filling in the rest; for every other method it gives full logits, with that one
/// for each missing class.
template <Real ScalarT = float, class SpaceT = cpu::Space, Index Classes = dynamic>
class TopKTeacher : public SampleTable {
 public:
  using Scalar = ScalarT;
  using Space = SpaceT;
  static constexpr Index static_classes = Classes;

  using Workspace = LogitsRoom<Scalar, Space>;

  /// Runs `teacher` over `data` once and keeps `k` logits of every sample. Throws `ConfigError`
  /// unless k is within 1 and the number of classes and the temperature is positive; else as
  /// `evaluate` does.
  template <Teacher T>
  TopKTeacher(const T& teacher, const Dataset& data, Index k, TopKTeacherOptions options = {})
      : SampleTable("TopKTeacher", data),
        num_classes_(teacher.num_classes()),
        k_(checked_k(k, num_classes_)),
        temperature_(options.temperature),
        classes_(k * data.size(), teacher.space()),
        logits_(k * data.size(), teacher.space()),
        tail_(data.size(), teacher.space()) {
    detail::require_same_kind<TopKTeacher, T>();
    detail::check_temperature("TopKTeacher: temperature", temperature_);
    detail::run_teacher("TopKTeacher", teacher, data, options.batch_size,
                        [&](Index first, MatrixView<const Scalar, Space> logits, const auto&) {
                          const TopKTable<Scalar, Space> all{classes_.matrix(k_, size()),
                                                             logits_.matrix(k_, size()),
                                                             tail_.view()};
                          op_top_k(space(), logits, static_cast<Scalar>(temperature_),
                                   all.middle_cols(first, logits.cols));
                        });
  }

  /// Takes logits from elsewhere, column i those of sample i. They belong to a whole data set of as
  /// many samples, whichever it is, and its slices. Throws `ShapeError` when there are none, or
  /// more or fewer classes than logits; `ConfigError` when there are more than classes, or the
  /// temperature is not positive; `DataError` when a class is out of range or there twice, a logit
  /// is not finite, a tail is above all of them, or they look like probabilities.
  explicit TopKTeacher(TopKLogits<Scalar> from, LogitsOptions options = {}, Space space = {})
      : TopKTeacher(Checked{}, checked(std::move(from), options), std::move(space)) {}

  const Space& space() const { return logits_.space(); }
  std::optional<std::uint64_t> fingerprint() const {
    const std::uint64_t logits = detail::fingerprint_of(space(), logits_.view());
    const std::uint64_t classes = detail::fingerprint_of(space(), classes_.view(), logits);
    return detail::fingerprint_of(space(), tail_.view(), classes);
  }
  Index num_classes() const { return num_classes_; }
  Index k() const { return k_; }
  double temperature() const { return temperature_; }
  TopKTable<const Scalar, Space> table() const {
    return {classes_.matrix(k_, size()), logits_.matrix(k_, size()), tail_.view(), first()};
  }

  /// All that it keeps, on the host, to be saved (`save_top_k`) or looked at.
  TopKLogits<Scalar> kept() const {
    TopKLogits<Scalar> all{Matrix<Label>(k_, size()), Matrix<Scalar>(k_, size()),
                           Vector<Scalar>(size()), num_classes_, temperature_};
    op_download(space(), table().classes.flat(), view(all.classes).flat());
    op_download(space(), table().logits.flat(), view(all.logits).flat());
    op_download(space(), table().tail, view(all.tail));
    return all;
  }

  /// What it takes, and what all logits would take, in bytes.
  Index bytes() const {
    constexpr Index kept = sizeof(Scalar) + sizeof(Label);
    return size() * (k_ * kept + static_cast<Index>(sizeof(Scalar)));
  }
  Index full_bytes() const { return size() * num_classes_ * static_cast<Index>(sizeof(Scalar)); }

  Workspace make_workspace(Index capacity) const { return {num_classes_, capacity, space()}; }

  MatrixView<const Scalar, Space> logits(const Batch<Scalar, Space>& batch,
                                         Workspace& workspace) const {
    check_indices(batch.indices);
    const auto out = workspace.of("TopKTeacher", num_classes_, batch.size());
    op_fill_logits(space(), table(), batch.indices, out);
    return out;
  }

 private:
  struct Checked {};

  static Index checked_k(Index k, Index classes) {
    detail::check_k("TopKTeacher", k, classes);
    return k;
  }

  /// Its `source` is then what the table is called.
  static TopKLogits<Scalar> checked(TopKLogits<Scalar> from, LogitsOptions options) {
    const std::string name = from.source.empty() ? "TopKTeacher" : "TopKTeacher of " + from.source;
    from = detail::sorted_top_k(name, std::move(from), options);
    if (Classes != dynamic) detail::check_equal(name.c_str(), "classes", Classes, from.num_classes);
    from.source = name;
    return from;
  }

  TopKTeacher(Checked, const TopKLogits<Scalar>& from, Space space)
      : SampleTable(from.source, from.logits.cols()),
        num_classes_(from.num_classes),
        k_(from.logits.rows()),
        temperature_(from.temperature),
        classes_(from.classes.size(), space),
        logits_(from.logits.size(), space),
        tail_(from.tail.size(), space) {
    op_upload(space, view(from.classes).flat(), classes_.view());
    op_upload(space, view(from.logits).flat(), logits_.view());
    op_upload(space, view(from.tail), tail_.view());
  }

  Index num_classes_;
  Index k_;
  double temperature_;
  Buffer<Label, Space> classes_;
  Buffer<Scalar, Space> logits_;
  Buffer<Scalar, Space> tail_;
};

template <Teacher T>
TopKTeacher(const T&, const Dataset&, Index, TopKTeacherOptions = {})
    -> TopKTeacher<typename T::Scalar, typename T::Space, T::static_classes>;
template <Real S>
TopKTeacher(TopKLogits<S>, LogitsOptions = {}) -> TopKTeacher<S>;

}  // namespace kd
