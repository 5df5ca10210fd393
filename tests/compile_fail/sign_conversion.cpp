// SPDX-License-Identifier: MIT
// kd's headers are silent with warnings that a user may have switched on.
// compile-with: -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wsign-conversion -Werror
// expect-ok
#include <kd/interop/xtensor.hpp>
#include <kd/testing/check_layer.hpp>
#include <kd/testing/check_loss.hpp>
#include <kd/testing/check_method.hpp>

#include "control.cpp"
