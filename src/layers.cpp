// SPDX-License-Identifier: MIT
#define KD_COMPILED_TEMPLATES
#include "kd/compiled/layers.hpp"
