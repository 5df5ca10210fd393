// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>

#include "kd/core/fingerprint.hpp"
#include "kd/cpu/ops/virtual_logits.hpp"
#include "kd/teachers/logits_room.hpp"
#include "kd/teachers/teacher.hpp"

namespace kd {

struct VirtualTeacherOptions {
  double correct_probability = 0.99;  ///< of the class of a sample, above that of the others
};

/// A teacher that is right about every sample and equally unsure of all other classes (Tf-KD): its
/// logits are `log u`, `u_y = correct_probability`, `u_c = (1 - correct_probability) / (C - 1)`.
///
/// Distillation without a network to learn from, with the weights of the paper:
///
///     const kd::VirtualTeacher teacher(10);
///     kd::Distiller distiller(teacher, student, kd::SoftTargets{
///         {.temperature = 20, .hard_weight = 0.9, .soft_weight = 0.1}});
///
/// Source: Yuan et al., "Revisiting knowledge
/// distillation via label smoothing regularization", 2020, section 5.2. The authors' code differs
/// from the paper: it softens u by a softmax of the probabilities, not the student, has no T^2, and
/// averages over classes too, which a `multiplier` makes up for.
template <Real ScalarT = float, class SpaceT = cpu::Space>
class VirtualTeacher {
 public:
  using Scalar = ScalarT;
  using Space = SpaceT;
  static constexpr Index static_classes = dynamic;
  static constexpr LabelNeed label_need() { return LabelNeed::every; }

  using Workspace = LogitsRoom<Scalar, Space>;

  /// Throws `ConfigError` when there are fewer than two classes, or the correct class would not be
  /// the likeliest or would leave the others nothing.
  explicit VirtualTeacher(Index classes, VirtualTeacherOptions options = {}, Space space = {})
      : space_(std::move(space)), classes_(classes) {
    const double own = options.correct_probability;
    if (classes < 2)
      throw ConfigError(detail::text("VirtualTeacher: expected at least 2 classes, got ", classes));
    if (!detail::is_finite(own) || own <= 1 / static_cast<double>(classes) || own >= 1)
      throw ConfigError(detail::text("VirtualTeacher: correct_probability must be above 1/",
                                     classes, " and below 1, got ", own));
    own_ = static_cast<Scalar>(std::log(own));
    other_ = static_cast<Scalar>(std::log((1 - own) / static_cast<double>(classes - 1)));
  }

  const Space& space() const { return space_; }
  std::optional<std::uint64_t> fingerprint() const {
    return detail::Fingerprint::of(&own_, sizeof own_, static_cast<std::uint64_t>(classes_));
  }
  Index num_classes() const { return classes_; }
  Workspace make_workspace(Index capacity) const { return {classes_, capacity, space_}; }

  MatrixView<const Scalar, Space> logits(const Batch<Scalar, Space>& batch,
                                         Workspace& workspace) const {
    const auto out = workspace.of("VirtualTeacher", classes_, batch.size());
    op_virtual_logits(space_, batch.labels, own_, other_, out);
    return out;
  }

 private:
  [[no_unique_address]] Space space_;
  Index classes_;
  Scalar own_ = 0;
  Scalar other_ = 0;
};

static_assert(Teacher<VirtualTeacher<>>);

}  // namespace kd
