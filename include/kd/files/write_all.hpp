// SPDX-License-Identifier: MIT
#pragma once

#if !defined(__unix__) && !defined(__APPLE__)
#error "kd writes files through POSIX, which this system does not have"
#endif

#include <unistd.h>

#include <cerrno>
#include <string_view>

namespace kd::detail {

/// Calls again what a signal interrupted.
template <class Call>
auto retried(const Call& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

/// Writes all bytes, however many calls that takes. Returns 0, or the error.
inline int write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t done = retried([&] { return ::write(descriptor, bytes.data(), bytes.size()); });
    if (done <= 0) return done < 0 ? errno : EIO;
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  return 0;
}

}  // namespace kd::detail
