// SPDX-License-Identifier: MIT
#pragma once

/// Trained networks for where there is no kd: quantised to 8 bits, as C99 source. Needs Eigen and
/// POSIX alone.

#include "kd/export/c_files.hpp"
#include "kd/export/c_float_activations.hpp"
#include "kd/export/c_float_layers.hpp"
#include "kd/export/c_int8.hpp"
#include "kd/export/c_int8_layers.hpp"
#include "kd/export/c_program.hpp"
#include "kd/export/c_source.hpp"
#include "kd/export/c_text.hpp"
#include "kd/graph/graph.hpp"
#include "kd/graph/memory_plan.hpp"
#include "kd/graph/operation_of.hpp"
#include "kd/graph/operations.hpp"
#include "kd/quant/bias_correction.hpp"
#include "kd/quant/calibrate.hpp"
#include "kd/quant/compare.hpp"
#include "kd/quant/fixed_point.hpp"
#include "kd/quant/kernels.hpp"
#include "kd/quant/operations.hpp"
#include "kd/quant/quantization.hpp"
#include "kd/quant/quantize.hpp"
#include "kd/quant/quantize_layers.hpp"
#include "kd/quant/quantize_weights.hpp"
#include "kd/quant/quantized_network.hpp"
