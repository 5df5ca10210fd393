// SPDX-License-Identifier: MIT
// expect-first: is called as const: a lambda must not be mutable
#include <kd/distill.hpp>

const kd::SoftTargets soft{{.temperature = [n = 0.](const kd::Progress&) mutable { return ++n; }}};
