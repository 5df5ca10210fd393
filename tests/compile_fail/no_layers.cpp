// SPDX-License-Identifier: MIT
// expect-first: a Sequential needs at least one layer
#include <kd/distill.hpp>

kd::Sequential<> network;
