// SPDX-License-Identifier: MIT
// expect-first: LogitStandardization needs a method that compares the logits of the two networks
#include <kd/distill.hpp>

using Method = kd::LogitStandardization<kd::HardLabels<>>;
static_assert(sizeof(Method) > 0);
