// SPDX-License-Identifier: MIT
#include "training.hpp"

#include <iostream>

#include "checkpoint.hpp"
#include "interrupt.hpp"
#include "progress.hpp"
#include "text.hpp"

namespace example {

kd::FitReport train_watched(const std::string& name, const Images& images, kd::FitOptions options,
                            const Fit& fit, Lines lines) {
  std::cout << going_on_from(options.checkpoint) << std::flush;
  Progress progress(name, images.train.size(), "images");
  options.validation = images.test;
  options.on_step = [&](const kd::StepReport& report) {
    progress.step(report);
    return interrupt() == 0;
  };
  options.on_epoch = [&](const kd::EpochReport& report) {
    if (lines == Lines::epochs)
      progress.epoch(report,
                     ",  test accuracy " + fixed(100 * report.validation->accuracy, 2) + " %");
  };
  kd::FitReport report = fit(options);
  if (static_cast<kd::Index>(report.epochs.size()) < options.epochs)
    stop_if_interrupted(kept_in(options.checkpoint.file));
  return report;
}

}  // namespace example
