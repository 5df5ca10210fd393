// SPDX-License-Identifier: MIT
#pragma once

#include "kd/nn/gone.hpp"
