// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <kd/distill.hpp>
#include <string>

#include "images.hpp"

namespace example {

using Fit = std::function<kd::FitReport(const kd::FitOptions&)>;

/// What stands on the terminal of a training, beside the bar that moves.
enum class Lines { epochs, none };

/// Calls `fit(options)`, with a line of progress and the test images as validation set. With a
/// checkpoint it says whether it goes on from one. Throws `Interrupted` where a signal ends it.
kd::FitReport train_watched(const std::string& name, const Images& images, kd::FitOptions options,
                            const Fit& fit, Lines lines = Lines::epochs);

}  // namespace example
