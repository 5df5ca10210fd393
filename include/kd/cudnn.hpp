// SPDX-License-Identifier: MIT
#pragma once

/// kd on a CUDA device with convolutions by NVIDIA's cuDNN, for `.cu` files: all of kd/cuda.hpp,
/// and `kd::cuda::Space space({.convolutions = kd::cuda::cudnn});`. Link to cuDNN, or to kd::cudnn.

#include "kd/cuda.hpp"
#include "kd/cuda/cudnn.hpp"
