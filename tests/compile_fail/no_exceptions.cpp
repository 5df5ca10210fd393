// SPDX-License-Identifier: MIT
// compile-with: -fno-exceptions
// expect-first: kd needs exceptions
// expect-errors: 2
#include <kd/distill.hpp>
