// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>

#include "kd/methods/soft_targets.hpp"
#include "kd/nn/tape.hpp"

namespace kd::detail {

/// A tape of one layer which is not run: its output and gradient stand in for a student's logits.
class LogitsOnly {
 public:
  struct Layer {
    Index cache_size(Index) const { return 0; }
  };
  static constexpr Index depth = 1;

  explicit LogitsOnly(Index classes) : classes_(classes) {}
  static constexpr Sources sources(Index) { return {}; }
  Index width(Index) const { return classes_; }
  template <class F>
  void for_each(F&& f) const {
    f(Layer{});
  }

 private:
  Index classes_;
};

/// A method that looks at nothing but the logits of the two, so that others can be put in their
/// place.
template <class M>
concept ComparesLogits = requires {
  requires M::compares_logits;
};

/// What the labels say is about the logits themselves. Throws `ConfigError` for soft targets that
/// hold labels.
template <class M>
void refuse_hard_labels(const char* wrapper, const M& method) {
  if constexpr (std::same_as<M, SoftTargets>) {
    if (!method.options().hard_weight.is_always(0))
      throw ConfigError(text(wrapper,
                             ": labels are compared with the logits as they are: give "
                             "SoftTargets a hard_weight of 0 and put HardLabels beside it"));
  }
}

}  // namespace kd::detail
