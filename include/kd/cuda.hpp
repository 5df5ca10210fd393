// SPDX-License-Identifier: MIT
#pragma once

/// kd on a CUDA device, for `.cu` files: everything of `kd/distill.hpp`, and the memory space that
/// makes it run there, as in `kd::Network<Student, kd::cuda::Space>` or `kd::upload(student)`.

// Eigen is used by the host alone; its own support for device code makes nvcc complain.
#ifndef EIGEN_NO_CUDA
#define EIGEN_NO_CUDA
#endif

#include "kd/cuda/device.hpp"
#include "kd/cuda/loader.hpp"
#include "kd/cuda/ops.cuh"
#include "kd/cuda/space.hpp"
#include "kd/cuda/step_runner.hpp"
#include "kd/cuda/stream.hpp"
#include "kd/cuda/transfer.hpp"
#include "kd/distill.hpp"
