// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

namespace kd::detail {

/// Whether a teacher is this network or asks it, as one that wraps others says by
/// `refers_to(network)`. A student that teaches itself learns nothing, and changes its teacher.
template <class TeacherT>
bool refers_to(const TeacherT& teacher, const void* network) {
  if constexpr (requires { teacher.refers_to(network); }) {
    return teacher.refers_to(network);
  } else {
    return static_cast<const void*>(std::addressof(teacher)) == network;
  }
}

}  // namespace kd::detail
