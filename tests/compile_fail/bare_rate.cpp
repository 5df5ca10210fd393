// SPDX-License-Identifier: MIT
// expect-first: options are given by name in two pairs of braces, such as Adam\{\{\.lr = 1e-3\}\}
#include <kd/distill.hpp>

const kd::Adam adam(1e-3);
