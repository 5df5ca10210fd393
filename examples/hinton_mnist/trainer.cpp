// SPDX-License-Identifier: MIT
#include "trainer.hpp"

#include <iostream>
#include <utility>

#include "checkpoint.hpp"
#include "interrupt.hpp"
#include "progress.hpp"
#include "text.hpp"

namespace hinton {

Trainer::Trainer(const Recipe& recipe, const example::Images& images, std::uint64_t seed,
                 std::optional<std::string> folder)
    : recipe_(recipe), images_(images), seed_(seed), folder_(std::move(folder)) {}

kd::FitReport Trainer::run(const std::string& name, kd::Index epochs, const kd::Augment& augment,
                           const Fit& fit) const {
  std::optional<std::string> file;
  if (folder_) {
    std::string plain = name;
    for (char& c : plain)
      if (c == ' ') c = '-';
    file = *folder_ + "/seed-" + std::to_string(seed_) + '-' + plain + ".checkpoint";
  }
  const kd::CheckpointOptions checkpoint = example::checkpoint_of(file);
  std::cout << example::going_on_from(checkpoint) << std::flush;
  example::Progress progress(name, images_.train.size(), "images");
  kd::FitOptions options{.epochs = epochs,
                         .batch_size = recipe_.batch,
                         .seed = seed_,
                         .augment = augment,
                         .schedule = kd::CosineSchedule{},
                         .validation = images_.test,
                         .checkpoint = checkpoint};
  options.on_step = [&](const kd::StepReport& report) {
    progress.step(report);
    return example::interrupt() == 0;
  };
  options.on_epoch = [&](const kd::EpochReport& report) {
    const double errors = 1 - report.validation->accuracy;
    progress.epoch(report, ",  test errors " + example::fixed(100 * errors, 2) + " %");
  };
  kd::FitReport report = fit(options);
  if (static_cast<kd::Index>(report.epochs.size()) < epochs)
    example::stop_if_interrupted(example::kept_in(checkpoint.file));
  return report;
}

}  // namespace hinton
