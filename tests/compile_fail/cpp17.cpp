// SPDX-License-Identifier: MIT
// compile-with: -std=c++17
// expect-first: kd needs C\+\+20
// expect-errors: 2
#include <kd/distill.hpp>
