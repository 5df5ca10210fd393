// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "kd/core/fingerprint_of.hpp"

namespace kd::detail {

/// What tells a teacher from another of the same sizes: the weights of a network, the table of one
/// that ran before, what a wrapper says by `fingerprint()`, which may be nothing. Of somebody's
/// function nothing is known.
template <class TeacherT>
std::optional<std::uint64_t> fingerprint_of_teacher(const TeacherT& teacher) {
  if constexpr (requires { teacher.fingerprint(); }) {
    return teacher.fingerprint();
  } else if constexpr (requires { teacher.weights(); }) {
    return fingerprint_of(teacher.space(), teacher.weights());
  } else {
    return std::nullopt;
  }
}

}  // namespace kd::detail
