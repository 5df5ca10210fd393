// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cpu/prints.hpp"
