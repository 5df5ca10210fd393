// SPDX-License-Identifier: MIT
#pragma once

#include "kd/nn/layer.hpp"
