// SPDX-License-Identifier: MIT
#pragma once

#include "kd/optim/adam.hpp"
