// SPDX-License-Identifier: MIT
#pragma once

/// The version of kd, in this one place; CMake reads it from here.
#define KD_VERSION_MAJOR 0
#define KD_VERSION_MINOR 1
#define KD_VERSION_PATCH 0
#define KD_VERSION "0.1.0"
