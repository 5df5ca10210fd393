// SPDX-License-Identifier: MIT
#pragma once

/// Trained networks as files for other runtimes: C99 source. Needs Eigen and POSIX alone.

#include "kd/export/c_files.hpp"
#include "kd/export/c_float_activations.hpp"
#include "kd/export/c_float_layers.hpp"
#include "kd/export/c_program.hpp"
#include "kd/export/c_source.hpp"
#include "kd/export/c_text.hpp"
#include "kd/graph/graph.hpp"
#include "kd/graph/memory_plan.hpp"
#include "kd/graph/operation_of.hpp"
#include "kd/graph/operations.hpp"
