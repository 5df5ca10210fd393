// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include "kd/core/compiler.hpp"

/// Knowledge distillation: train a small student network to imitate a large teacher.
namespace kd {

/// Counts and positions; signed, as Eigen's.
using Index = std::ptrdiff_t;

/// The class of a sample, in `[0, classes)`. 32 bits, so that host and device share one layout.
using Label = std::int32_t;

/// A size that only run time knows, as `Eigen::Dynamic`: `Linear<dynamic, dynamic>(784, 20)`.
inline constexpr Index dynamic = -1;

/// The number types a network can be made of: `float` to train, `double` to check gradients.
template <class S>
concept Real = std::floating_point<S>;

/// Training draws dropout masks and keeps what backward needs; inference does neither.
enum class Mode { inference, training };

/// Whether a kernel replaces what its output holds or adds to it. The first writer of a step
/// overwrites, so that no gradient has to be zeroed first; every later one adds.
enum class Write { overwrite, add };

}  // namespace kd
