// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <kd/distill.hpp>
#include <vector>

namespace hinton {

/// By how much the logits of `classes` are to be moved, all alike, so that the fewest of these
/// samples are taken for another class than theirs: the middle of the best steps of 0.1 from -20 to
/// 20. logits: (classes, samples). Throws `kd::ConfigError` when all classes or none would move.
inline double best_shift(const kd::Matrix<float>& logits, kd::VectorView<const kd::Label> labels,
                         const std::vector<kd::Label>& classes) {
  constexpr int steps = 400;
  const auto shift_at = [](int step) { return (step - steps / 2) / 10.; };
  const auto moves = [&](kd::Index c) {
    return std::find(classes.begin(), classes.end(), c) != classes.end();
  };
  std::vector<kd::Index> errors(steps + 1);
  for (kd::Index i = 0; i < logits.cols(); ++i) {
    // The likeliest class on either side: a shift only decides between the two.
    kd::Index best[2] = {-1, -1};
    for (kd::Index c = 0; c < logits.rows(); ++c) {
      kd::Index& side = best[moves(c) ? 1 : 0];
      if (side < 0 || logits(c, i) > logits(side, i)) side = c;
    }
    if (best[0] < 0 || best[1] < 0)
      throw kd::ConfigError("best_shift: expected some of the classes, got all or none");
    const double gap = static_cast<double>(logits(best[0], i)) - logits(best[1], i);
    for (int step = 0; step <= steps; ++step)
      if (best[shift_at(step) > gap ? 1 : 0] != labels.data[i])
        ++errors[static_cast<std::size_t>(step)];
  }
  const auto first = std::min_element(errors.begin(), errors.end());
  const auto end = std::find_if(first, errors.end(), [&](kd::Index e) { return e != *first; });
  const auto step_of = [&](auto at) { return static_cast<int>(at - errors.begin()); };
  return (shift_at(step_of(first)) + shift_at(step_of(end) - 1)) / 2;
}

}  // namespace hinton
