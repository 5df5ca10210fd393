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

/// How an optimizer is asked about a step that it has not done yet; all in the memory of `Space`.
template <class Space = cpu::Space>
struct Lookout {
  /// What `where` holds as long as nothing was found.
  static constexpr unsigned long long nowhere = ~0ULL;

  VectorView<const std::int32_t, Space> guard;    ///< while it is raised nobody looks
  VectorView<std::int32_t, Space> careful;        ///< zero: no number is so large that a look pays
  VectorView<unsigned long long, Space> where{};  ///< the first parameter that would not be finite
  Index first = 0;  ///< the place of the block's first parameter among all that are trained
};

}  // namespace kd
