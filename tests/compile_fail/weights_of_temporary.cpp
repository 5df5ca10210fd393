// SPDX-License-Identifier: MIT
// expect-first: a temporary network would be gone before its weights are read
#include <kd/distill.hpp>

kd::Network<kd::Sequential<kd::Linear<4, 3>>> make();

void look() { make().layer<1>(); }
