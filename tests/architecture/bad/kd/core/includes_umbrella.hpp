// SPDX-License-Identifier: MIT
#pragma once

#include <kd/distill.hpp>
