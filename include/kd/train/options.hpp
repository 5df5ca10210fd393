// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <optional>

#include "kd/core/model_fits.hpp"
#include "kd/data/loader.hpp"
#include "kd/optim/schedule.hpp"
#include "kd/train/callback.hpp"
#include "kd/train/checkpoint_options.hpp"
#include "kd/train/report.hpp"

namespace kd {

struct FitOptions {
  Index epochs = 1;
  Index batch_size = 32;
  std::uint64_t seed = 0;  ///< of shuffles, dropout masks and augmentation
  bool shuffle = true;
  Augment augment = {};  ///< changes the inputs of every batch; none: they stay as they are
  /// Shows each sample of a batch a second time: all as `augment` leaves them, then the same in the
  /// same order as this changes them, from how the data set has them and with random numbers of its
  /// own; none: once. `batch_size` counts samples, so a step has twice as many columns, and losses
  /// are means over both views.
  Augment second_view = {};
  /// Multiplies the optimizer's learning rate; none: constant. As everything that is scheduled it
  /// is a function of the progress alone, and asked for each epoch before the first step, too.
  Schedule schedule = {};
  double max_grad_norm = detail::positive_infinity<double>;  ///< gradients are clipped to it
  bool capture_step = false;  ///< replay each step as one recorded graph, where the space has such
  /// What is trained is tested on it after every epoch, in inference: see `EpochReport`. A copy,
  /// which shares the samples.
  std::optional<Dataset> validation = {};
  /// Training ends when the validation loss has not become less for so many epochs; 0: it goes on.
  Index patience = 0;
  /// In the end everything trained has the weights it had after the epoch with the least validation
  /// loss, if one was done whole.
  bool keep_best = false;
  /// Told of every step and every epoch; either may return whether to go on.
  Callback<StepReport> on_step = {};
  Callback<EpochReport> on_epoch = {};
  /// Where training that was killed goes on: `{.file = "run.checkpoint"}`. The same call, in the
  /// same program or when that is started again, takes up everything where the file left it, and
  /// ends with the weights, bit for bit, of a training that was never interrupted; of one that has
  /// ended it returns the report at once. The file is also written where training ends, also by a
  /// callback's word, and stays. One of another training, of other data or options or of another
  /// version of kd is refused. Needs POSIX.
  CheckpointOptions checkpoint = {};

  Index views() const { return second_view ? 2 : 1; }
  bool changes_inputs() const { return augment || second_view; }
};

namespace detail {

/// How many columns a batch has at the most.
inline Index most_columns(const FitOptions& options, const Dataset& data) {
  return std::min(options.batch_size, data.size()) * options.views();
}

template <class Trained>
void check_changes_inputs(const char* option, const Augment& change, const Trained&) {
  if (change && !(std::same_as<typename Trained::Scalar, float> &&
                  std::same_as<typename Trained::Space, cpu::Space>))
    throw ConfigError(text("FitOptions: ", option, " needs a network in float on the CPU"));
}

inline void check_max_norm(double value) {
  if (is_nan(value) || value <= 0)
    throw ConfigError(text("FitOptions: max_grad_norm must be positive, got ", value));
}

/// The options of a `fit`, and whether what it trains can be validated: asked before any work.
/// Throws `ConfigError`, `ShapeError` or `DataError`.
template <class First, class... Others>
void check_options(const char* where, const FitOptions& options, const First& trained,
                   const Others&... others) {
  check_at_least_one("FitOptions: epochs", options.epochs);
  check_at_least_one("FitOptions: batch_size", options.batch_size);
  check_changes_inputs("augment", options.augment, trained);
  check_changes_inputs("second_view", options.second_view, trained);
  check_max_norm(options.max_grad_norm);
  // Gradients are multiplied by a share of it: one that is zero would wipe them out.
  if (options.max_grad_norm < 1)
    check_positive<typename First::Scalar>("FitOptions: max_grad_norm", options.max_grad_norm);
  check_checkpoint(options.checkpoint);
  if (options.patience < 0)
    throw ConfigError(text("FitOptions: patience must be zero or more, got ", options.patience));
  if (!options.validation) {
    if (options.patience > 0 || options.keep_best)
      throw ConfigError(text("FitOptions: ", options.patience > 0 ? "patience" : "keep_best",
                             " needs a validation set"));
    return;
  }
  const std::string place = text(where, ", validation");
  check_can_evaluate(place.c_str(), trained, *options.validation);
  (check_can_evaluate(place.c_str(), others, *options.validation), ...);
}

}  // namespace detail
}  // namespace kd
