// SPDX-License-Identifier: MIT
#pragma once

#include <kd/interop/xtensor.hpp>
