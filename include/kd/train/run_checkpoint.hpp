// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "kd/train/checkpoint.hpp"
#include "kd/train/checkpoint_options.hpp"

namespace kd::detail {

/// The file from which one training goes on; without a name there is none, and nothing is done.
class RunCheckpoint {
 public:
  /// Throws `IoError` when the file could not be written later.
  explicit RunCheckpoint(const CheckpointOptions& options);

  bool is_on() const { return !options_.file.empty(); }

  /// Puts back what the file holds, if there is one: whether there was. `begin` is where the
  /// training began, `weights` a fingerprint of all that is trained, as it is now. Throws, and
  /// changes nothing, when the file cannot be read or is of another training.
  bool resume(const RunIdentity& identity, const Progress& begin, std::uint64_t weights,
              const Kept& kept, RunPosition& position, FitReport& report);

  /// Whether it is time within an epoch, or at its end with so many done.
  bool is_due() const;
  bool is_due(Index epochs) const;

  /// `last_weights`: a fingerprint of what `fit` will leave, if it ends here.
  void save(const Kept& kept, const RunPosition& position, const FitReport& report,
            std::uint64_t last_weights);

 private:
  using Clock = std::chrono::steady_clock;

  void check(const RunIdentity& identity, const CheckpointHead& saved, std::uint64_t weights) const;

  /// A position must be one that the training comes by.
  void check(const Progress& begin, const CheckpointHead& saved) const;

  const CheckpointOptions& options_;
  CheckpointHead head_;
  Clock::time_point saved_at_{};
#if defined(__unix__) || defined(__APPLE__)
  std::optional<OutputFile> file_;
#endif
};

#if KD_DEFINES

KD_INLINE RunCheckpoint::RunCheckpoint(const CheckpointOptions& options) : options_(options) {
  if (!is_on()) return;
#if defined(__unix__) || defined(__APPLE__)
  file_.emplace(options.file);
#else
  throw ConfigError("FitOptions: checkpoint needs POSIX, which this system does not have");
#endif
}

KD_INLINE bool RunCheckpoint::resume(const RunIdentity& identity, const Progress& begin,
                                     std::uint64_t weights, const Kept& kept, RunPosition& position,
                                     FitReport& report) {
  head_.identity = identity.entries();
  head_.first_weights = weights;
  saved_at_ = Clock::now();
#if defined(__unix__) || defined(__APPLE__)
  try {
    const FileContent content(options_.file);
    const CheckpointReader saved(options_.file, content.bytes());
    check(identity, saved.head(), weights);
    check(begin, saved.head());
    saved.restore(kept);
    head_.first_weights = saved.head().first_weights;
    position = saved.head().position;
    report = saved.head().report;
    return true;
  } catch (const MissingFile&) {
  }
#else
  static_cast<void>(begin), static_cast<void>(kept);
  static_cast<void>(position), static_cast<void>(report);
#endif
  return false;
}

KD_INLINE bool RunCheckpoint::is_due() const {
  if (!is_on() || !options_.every.is_time()) return false;
  const std::chrono::duration<double> since = Clock::now() - saved_at_;
  return since.count() >= options_.every.seconds();
}

KD_INLINE bool RunCheckpoint::is_due(Index epochs) const {
  if (options_.every.is_time()) return is_due();
  return is_on() && epochs % options_.every.epochs() == 0;
}

KD_INLINE void RunCheckpoint::save(const Kept& kept, const RunPosition& position,
                                   const FitReport& report, std::uint64_t last_weights) {
  head_.position = position;
  head_.report = report;
  head_.last_weights = last_weights;
#if defined(__unix__) || defined(__APPLE__)
  const CheckpointWriter writer(head_, kept);
  file_->write(writer.parts());
#else
  static_cast<void>(kept);
#endif
  saved_at_ = Clock::now();
}

KD_INLINE void RunCheckpoint::check(const RunIdentity& identity, const CheckpointHead& saved,
                                    std::uint64_t weights) const {
  std::string what = identity.differences(saved.identity);
  if (what.empty() && weights != saved.first_weights && weights != saved.last_weights)
    what =
        "what is trained has neither the weights with which that began nor those with which "
        "it ended";
  if (!what.empty())
    throw ConfigError(text(options_.file, ": a checkpoint of another training: ", what,
                           " (delete the file to begin anew)"));
}

KD_INLINE void RunCheckpoint::check(const Progress& begin, const CheckpointHead& saved) const {
  const auto epochs = static_cast<Index>(saved.report.epochs.size());
  const auto [step, batch, samples, seconds] = saved.position;
  if (batch < 0 || batch >= begin.steps_per_epoch || step < begin.step ||
      step > begin.total_steps || step - begin.step != epochs * begin.steps_per_epoch + batch)
    throw ConfigError(text(options_.file, ": expected a position within ", begin.total_steps,
                           " steps, got ", epochs, " epochs and ", batch, " batches at step ",
                           step));
}

#endif

}  // namespace kd::detail
