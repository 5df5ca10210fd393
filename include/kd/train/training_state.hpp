// SPDX-License-Identifier: MIT
#pragma once

#include <utility>
#include <vector>

#include "kd/core/error.hpp"
#include "kd/optim/optimizer.hpp"

namespace kd {

/// What one `fit` leaves to the next, so that training goes on: the optimizer's moments, and how
/// far the epochs and steps have come, on which shuffles, dropout masks and schedules depend.
///
///     kd::TrainingState<kd::Adam> state;
///     kd::fit(network, data, kd::CrossEntropy{}, adam, {.epochs = 3}, state);
///     kd::fit(network, data, kd::CrossEntropy{}, adam, {.epochs = 3}, state);  // 4 to 6
///
/// leave the weights that one `fit` of 6 epochs does, bit for bit, where nothing is scheduled over
/// all of the steps: a schedule sees a training that ends with this `fit`. Each call has its own
/// patience and best epoch; after `keep_best` the moments are still those of the last step.
/// After a `NumericError` an optimizer may have counted the step that was not done. A state that
/// was moved from is empty, and begins anew.
template <Optimizer O, Real S = float, class Space = cpu::Space>
class TrainingState {
 public:
  using OptimizerState = typename O::template State<S, Space>;

  Index epochs() const { return blocks_.empty() ? 0 : epochs_; }  ///< done whole
  Index steps() const { return blocks_.empty() ? 0 : steps_; }    ///< done

  /// The optimizer's state for each block of parameters: the network's, or each student's, then
  /// those of the methods.
  const std::vector<OptimizerState>& blocks() const { return blocks_; }

  // For training.

  /// Makes the states for blocks of these sizes, or goes on with those that have seen a step.
  /// Throws `ShapeError` when those are for others.
  void begin(const O& optimizer, const std::vector<Index>& sizes, const Space& space) {
    if (steps() > 0) return check_made_for(sizes);
    std::vector<OptimizerState> blocks;
    for (const Index size : sizes) blocks.push_back(optimizer.template make_state<S>(size, space));
    blocks_ = std::move(blocks);
    sizes_ = sizes;
    epochs_ = steps_ = 0;
  }
  /// Tells the optimizer, if it asks, which tensors block `k` consists of.
  template <class T>
  void describe(const O& optimizer, std::size_t k, const T& trained) {
    if constexpr (requires { optimizer.describe(blocks_[k], trained.tensors()); })
      optimizer.describe(blocks_[k], trained.tensors());
  }
  OptimizerState& block(std::size_t k) { return blocks_[k]; }
  void set_done(Index epochs, Index steps) {
    epochs_ = epochs;
    steps_ = steps;
  }

 private:
  void check_made_for(const std::vector<Index>& sizes) const {
    detail::check_equal("TrainingState", "trained blocks, as it was made for",
                        static_cast<Index>(sizes_.size()), static_cast<Index>(sizes.size()));
    for (std::size_t k = 0; k < sizes.size(); ++k)
      detail::check_equal("TrainingState", "parameters, as it was made for", sizes_[k], sizes[k]);
  }

  std::vector<OptimizerState> blocks_;
  std::vector<Index> sizes_;
  Index epochs_ = 0;
  Index steps_ = 0;
};

}  // namespace kd
