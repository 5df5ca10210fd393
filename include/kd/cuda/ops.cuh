// SPDX-License-Identifier: MIT
#pragma once

/// The overloads for `kd::cuda::Space` of every op: kernels, without networks or Eigen.

#include "kd/cuda/adam.cuh"
#include "kd/cuda/argmax.cuh"
#include "kd/cuda/copy.cuh"
#include "kd/cuda/cross_entropy.cuh"
#include "kd/cuda/decoupled.cuh"
#include "kd/cuda/divergence.cuh"
#include "kd/cuda/dropout.cuh"
#include "kd/cuda/gather.cuh"
#include "kd/cuda/guard.cuh"
#include "kd/cuda/label_smoothing.cuh"
#include "kd/cuda/linear.cuh"
#include "kd/cuda/regression.cuh"
#include "kd/cuda/relu.cuh"
#include "kd/cuda/sgd.cuh"
#include "kd/cuda/soft_targets.cuh"
#include "kd/cuda/space.hpp"
#include "kd/cuda/standardize.cuh"
#include "kd/cuda/sum.cuh"
