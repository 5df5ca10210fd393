// SPDX-License-Identifier: MIT
// expect-first: kd needs (g\+\+ 12|clang 14) or newer
// expect-errors: 2
#include <kd/distill.hpp>
