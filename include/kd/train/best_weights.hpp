// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "kd/core/buffer.hpp"
#include "kd/core/fingerprint_of.hpp"
#include "kd/cpu/ops/copy.hpp"
#include "kd/train/kept.hpp"

namespace kd::detail {

/// A copy of all that an objective trains, as it was when it was best.
template <class Objective, class Space>
class BestWeights {
  using S = typename Objective::Scalar;

 public:
  /// With room for them if they are to be `kept`.
  BestWeights(Objective& objective, bool kept, const Space& space)
      : objective_(objective), space_(space), kept_(kept) {
    if (kept)
      for_each([&](VectorView<S, Space> params) { copies_.emplace_back(params.size, space); });
  }

  void keep() {
    if (!kept_) return;
    std::size_t k = 0;
    for_each([&](VectorView<S, Space> params) {
      op_copy(space_, VectorView<const S, Space>(params), copies_[k++].view(), Write::overwrite);
    });
  }

  /// For a checkpoint: the copies, of whatever they are now.
  void keep_in(Kept& kept) {
    for (auto& copy : copies_) kept.add("best weights", copy.view(), space_);
  }

  /// Of all that is trained, and of the copies.
  std::uint64_t fingerprint() const {
    std::uint64_t all = 0;
    for_each([&](VectorView<S, Space> params) {
      all = fingerprint_of(space_, VectorView<const S, Space>(params), all);
    });
    return all;
  }
  std::uint64_t fingerprint_of_best() const {
    std::uint64_t all = 0;
    for (const auto& copy : copies_) all = fingerprint_of(space_, copy.view(), all);
    return all;
  }

  void restore() {
    if (!kept_) return;
    std::size_t k = 0;
    for_each([&](VectorView<S, Space> params) {
      const Buffer<S, Space>& best = copies_[k++];
      check_equal("FitOptions: keep_best", "parameters, as there were in the best epoch",
                  best.size(), params.size);
      op_copy(space_, best.view(), params, Write::overwrite);
    });
  }

 private:
  template <class F>
  void for_each(F&& f) const {
    objective_.for_each_block([&](auto params, auto, auto&) { f(params); });
    objective_.for_each_follower([&](auto follower) {
      if (follower.size > 0) f(follower);
    });
  }

  Objective& objective_;
  const Space& space_;
  bool kept_;
  std::vector<Buffer<S, Space>> copies_;
};

}  // namespace kd::detail
