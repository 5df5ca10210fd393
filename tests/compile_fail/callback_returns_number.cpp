// SPDX-License-Identifier: MIT
// expect-first: a callback takes its report by const reference and returns nothing, or a bool
// expect-errors: 1
#include <kd/distill.hpp>

const kd::FitOptions options{.on_epoch = [](const kd::EpochReport& report) { return report.loss; }};
