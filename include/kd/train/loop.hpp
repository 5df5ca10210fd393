// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <limits>
#include <optional>
#include <utility>

#include "kd/core/step_runner.hpp"
#include "kd/nn/network.hpp"
#include "kd/optim/optimizer.hpp"
#include "kd/train/best_weights.hpp"
#include "kd/train/identify_run.hpp"
#include "kd/train/kept.hpp"
#include "kd/train/look_ahead.hpp"
#include "kd/train/options.hpp"
#include "kd/train/run_checkpoint.hpp"
#include "kd/train/safe_step.hpp"
#include "kd/train/training_state.hpp"

namespace kd::detail {

/// The one training loop: batches, schedule, the guard against numbers that are not finite,
/// validation, and reports. Its options have been checked (`check_options`). What is minimised is
/// the objective's affair, which answers
/// - `terms`: the names of its losses; `weights(progress)`: what each counts;
/// - `step(batch, progress, totals)`: forward and backward of one batch; adds each loss, summed
///   over the samples, to its own place in `totals`, and leaves gradients behind;
/// - `for_each_block(f)`: calls `f(params, grads, state)` for every trained block;
/// - `for_each_follower(f)`: calls `f(numbers)` for what follows from those and is kept with them:
///   a network's statistics, an average;
/// - `validate(data)`: how well all that does;
/// - `blame()`: names the output or gradient that is not finite, if there is one;
/// - `tensor_at(at)`: the name of the tensor that parameter `at` of all blocks together belongs to;
/// - `identify(identity)`: tells a checkpoint what is trained, on what, and how;
/// - `keep(kept)`, if it has that: what steps change beside the blocks; throws where a checkpoint
///   cannot know all of it;
/// - `go_on_at(step)`, if it has that: told how many steps a training had done that goes on;
/// - `Scalar`: what the parameters are;
/// - `check_at(progress)`, if it has that: throws where something scheduled is out of its range.
template <class Space, class Objective, Optimizer O>
class Training {
  using State = TrainingState<O, typename Objective::Scalar, Space>;

 public:
  /// `state` is what the objective's blocks go on from.
  Training(Objective& objective, const O& optimizer, const FitOptions& options, const Space& space,
           State& state)
      : objective_(objective),
        optimizer_(optimizer),
        options_(options),
        space_(space),
        state_(state),
        epochs_done_(state.epochs()),
        steps_done_(state.steps()),
        totals_(terms, space),
        safe_step_(objective, optimizer, options.max_grad_norm, space),
        best_(objective, options.keep_best, space),
        checkpoint_(options.checkpoint) {}

  template <class L>
  FitReport run(L& loader) {
    progress_ = {steps_done_, loader.batches(),
                 steps_done_ + count_steps(options_.epochs, loader.batches(), steps_done_)};
    resumed_at_ = steps_done_;
    look_ahead(
        options_.epochs, loader.batches(), [&](const Progress& at) { check_at(at); }, epochs_done_,
        steps_done_);
    FitReport report;
    if (checkpoint_.is_on()) resume(loader.data(), report);
    augment(loader);
    try {
      run_epochs(loader, report);
    } catch (...) {
      count(report);
      throw;
    }
    count(report);
    if (report.best_index) best_.restore();
    return report;
  }

 private:
  template <class L>
  void run_epochs(L& loader, FitReport& report) {
    for (;;) {
      const auto done = static_cast<Index>(report.epochs.size());
      const bool begins = position_.batch == 0;
      if (done == options_.epochs) return save(report);
      if (begins && is_out_of_patience(report)) {
        report.stopped = Stopped::patience;
        return save(report);
      }
      const Index epoch = epochs_done_ + done + 1;
      if (options_.shuffle)
        loader.shuffle(Rng(options_.seed).stream(static_cast<std::uint64_t>(epoch)));
      bool goes_on = run_epoch(loader, epoch, report);
      if (static_cast<Index>(report.epochs.size()) > done) {
        validate(report);
        goes_on = options_.on_epoch(report.epochs.back()) && goes_on;
      }
      if (!goes_on) {
        report.stopped = Stopped::callback;
        return save(report);
      }
      if (checkpoint_.is_due(done + 1)) save(report);
    }
  }

  /// Goes on where the checkpoint left off, if there is one.
  void resume(const Dataset& data, FitReport& report) {
    kept_.add("sums of losses", totals_.view(), space_);
    keep_trained(objective_, optimizer_, space_, kept_);
    best_.keep_in(kept_);
    const RunIdentity identity = identify_run(objective_, optimizer_, options_, data, progress_);
    if (!checkpoint_.resume(identity, progress_, best_.fingerprint(), kept_, position_, report))
      return;
    is_saved_ = true;
    resumed_at_ = progress_.step = position_.step;
    if constexpr (requires { objective_.go_on_at(progress_.step); })
      objective_.go_on_at(progress_.step);
  }

  void save(const FitReport& report) {
    if (!checkpoint_.is_on() || is_saved_) return;
    const bool ends_with_best = options_.keep_best && report.best_index;
    position_.step = progress_.step;
    checkpoint_.save(kept_, position_, report,
                     ends_with_best ? best_.fingerprint_of_best() : best_.fingerprint());
    is_saved_ = true;
  }

  /// For the `fit` that goes on from here: an epoch that was broken off is begun again.
  void count(const FitReport& report) {
    state_.set_done(epochs_done_ + static_cast<Index>(report.epochs.size()), progress_.step);
  }

  static constexpr Index terms = static_cast<Index>(Objective::terms.size());
  using Weights = std::array<double, Objective::terms.size()>;
  /// Whether the host is ahead of the work, so that a bad step is found out some steps later. It
  /// did no harm: the guard stays up, and no later step changes anything.
  static constexpr bool checks_late = StepRunner<Space>::steps_between_checks > 1;
  using Clock = std::chrono::steady_clock;

  /// What is scheduled must stay in its range.
  void check_at(const Progress& progress) const {
    if (options_.schedule)
      check_not_negative("FitOptions: what schedule returns", options_.schedule(progress));
    const Weights weights = objective_.weights(progress);
    for (std::size_t k = 0; k < weights.size(); ++k) check_weight(Objective::terms[k], weights[k]);
    if constexpr (requires { objective_.check_at(progress); }) objective_.check_at(progress);
  }

  /// As far as it is scheduled: it may fade away to less than a `Scalar` can be.
  static void check_weight(const char* term, double value) {
    using S = typename Objective::Scalar;
    if (value > static_cast<double>(std::numeric_limits<S>::max()))
      throw ConfigError(text("weight of the loss \"", term, "\" must be finite in ", scalar_name<S>,
                             ", got ", value));
  }

  template <class L>
  void augment(L& loader) const {
    if constexpr (requires { loader.augment(options_.augment, Rng()); }) {
      // Epochs are streams from 1 on: these are out of their reach.
      const auto rng = [&](std::uint64_t view) { return Rng(options_.seed).stream(~view); };
      const auto first = static_cast<std::uint64_t>(progress_.step);
      if (options_.augment) loader.augment(options_.augment, rng(0), first);
      if (options_.second_view) loader.second_view(options_.second_view, rng(1), first);
    }
  }

  /// Validates the epoch that has just been done.
  void validate(FitReport& report) {
    if (!options_.validation) return;
    EpochReport& last = report.epochs.back();
    last.validation = objective_.validate(*options_.validation);
    if (report.best_index && last.validation->loss >= report.best().validation->loss) return;
    report.best_index = report.epochs.size() - 1;
    best_.keep();
  }

  bool is_out_of_patience(const FitReport& report) const {
    return options_.patience > 0 && report.best_index &&
           static_cast<Index>(report.epochs.size() - 1 - *report.best_index) >= options_.patience;
  }

  /// Whether to go on after this epoch, of which there is no report if it was broken off.
  template <class L>
  bool run_epoch(L& loader, Index epoch, FitReport& reports) {
    const auto start = Clock::now();
    const auto seconds = [&, before = position_.seconds] {
      return before + std::chrono::duration<double>(Clock::now() - start).count();
    };
    if (position_.batch == 0) op_zero(space_, totals_.view());
    safe_step_.begin_epoch();
    EpochReport report{.epoch = epoch, .epochs = epochs_done_ + options_.epochs};
    bool goes_on = true;
    Weights weights{};  // of the last step: they may change on the way
    Weights before{};   // the totals before it
    for (std::size_t k = 0; k < before.size(); ++k) before[k] = total(static_cast<Index>(k));
    for (Index i = position_.batch; i < loader.batches(); ++i) {
      const auto batch = loader.batch(i);
      weights = objective_.weights(progress_);
      const double factor = options_.schedule ? options_.schedule(progress_) : 1;
      check_not_negative("FitOptions: what schedule returns", factor);
      runner_.run(space_, options_.capture_step && progress_.step > resumed_at_, [&] {
        objective_.step(batch, progress_, totals_.view());
        safe_step_.run(totals_.view(), factor);
      });
      const bool is_due = checkpoint_.is_due();
      if constexpr (checks_late) {
        const bool in_turn = (i + 1) % StepRunner<Space>::steps_between_checks == 0;
        if (in_turn || is_due || i + 1 == loader.batches() || options_.on_step)
          check_late(loader, epoch);
      } else if (safe_step_.went_wrong()) {
        throw NumericError(epoch, i + 1, safe_step_.blame(totals_.view()));
      }
      ++progress_.step;
      is_saved_ = false;
      position_.batch = i + 1;
      position_.samples += batch.size();
      report.lr = optimizer_.lr() * factor;
      if (options_.on_step) {
        double loss = 0;
        for (Index k = 0; k < terms; ++k) {
          const auto at = static_cast<std::size_t>(k);
          const double so_far = total(k);
          loss += weights[at] * (so_far - std::exchange(before[at], so_far));
        }
        const double mean = loss / static_cast<double>(batch.size());
        goes_on = options_.on_step({epoch, report.epochs, i + 1, loader.batches(), batch.samples(),
                                    mean, report.lr, seconds()});
      }
      if (i + 1 == loader.batches()) break;
      if (!goes_on || is_due) position_.seconds = seconds();
      if (!goes_on) return false;
      if (is_due) save(reports);
    }
    for (Index k = 0; k < terms; ++k) {
      const auto at = static_cast<std::size_t>(k);
      const double value = total(k) / static_cast<double>(position_.samples);
      report.terms.push_back({Objective::terms[at], value, weights[at]});
      report.loss += weights[at] * value;
    }
    report.seconds = seconds();
    reports.epochs.push_back(std::move(report));
    position_ = {};
    return goes_on;
  }

  /// Throws `NumericError` when there was a bad step, which it repeats to see what was bad.
  template <class L>
  void check_late(L& loader, Index epoch) {
    if (!safe_step_.went_wrong()) return;
    const Index good = safe_step_.good_steps();
    progress_.step = resumed_at_ + good;
    const Index bad = (progress_.step - steps_done_) % progress_.steps_per_epoch;
    op_zero(space_, totals_.view());
    objective_.step(loader.batch(bad), progress_, totals_.view());
    throw NumericError(epoch, bad + 1, safe_step_.blame(totals_.view()));
  }

  double total(Index k) { return op_read(space_, totals_.view().slice(k, 1)); }

  Objective& objective_;
  const O& optimizer_;
  const FitOptions& options_;
  const Space& space_;
  State& state_;
  Index epochs_done_;  ///< before this training
  Index steps_done_;
  Buffer<double, Space> totals_;
  SafeStep<Space, Objective, O> safe_step_;
  BestWeights<Objective, Space> best_;
  StepRunner<Space> runner_;
  Progress progress_{};
  RunPosition position_{};
  Index resumed_at_ = 0;  ///< the step with which this run of the program began
  Kept kept_{};
  RunCheckpoint checkpoint_;
  bool is_saved_ = false;  ///< as it is now
};

}  // namespace kd::detail
