// SPDX-License-Identifier: MIT
// kd needs no run-time type information.
// compile-with: -fno-rtti
// expect-ok
#include "control.cpp"
