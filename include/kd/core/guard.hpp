// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/view.hpp"

namespace kd {

/// One number in the memory of `Space` that stays zero as long as all is finite.
///
/// `op_flag_nonfinite` raises it and the optimizers' kernels change nothing while it is raised, so
/// that weights survive a bad step even where nobody waits for the device to find out.
template <class Space = cpu::Space>
using Guard = VectorView<std::int32_t, Space>;

}  // namespace kd
