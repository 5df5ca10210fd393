// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/stream.hpp"
