// SPDX-License-Identifier: MIT
#pragma once

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstddef>
#include <string>

/// Lets the n-th call that touches a file fail, by standing in front of the C library's functions.
/// Only one source of a program may include this: it defines them.
namespace kd::test {

struct FailingCalls {
  int nth = 0;                    ///< counted from 1; 0: none
  int error = 0;                  ///< what errno becomes
  std::size_t longest_write = 0;  ///< writes may take less than they are given; 0: all
  int calls = 0;                  ///< so far
  std::string failed = {};        ///< the function

  bool fails(const char* function) {
    if (++calls != nth) return false;
    failed = function;
    errno = error;
    return true;
  }
};
inline FailingCalls failing_calls;

}  // namespace kd::test

extern "C" {
ssize_t write(int file, const void* bytes, size_t count) {
  auto& failing = kd::test::failing_calls;
  if (failing.fails("write")) return -1;
  if (failing.longest_write > 0 && count > failing.longest_write) count = failing.longest_write;
  return syscall(SYS_write, file, bytes, count);
}
int fsync(int file) {
  if (kd::test::failing_calls.fails("fsync")) return -1;
  return static_cast<int>(syscall(SYS_fsync, file));
}
int close(int file) {  // a file is closed even if that fails
  const int result = static_cast<int>(syscall(SYS_close, file));
  return kd::test::failing_calls.fails("close") ? -1 : result;
}
int fchmod(int file, mode_t mode) noexcept {
  if (kd::test::failing_calls.fails("fchmod")) return -1;
  return static_cast<int>(syscall(SYS_fchmod, file, mode));
}
int renameat(int old_folder, const char* old_name, int folder, const char* name) noexcept {
  if (kd::test::failing_calls.fails("renameat")) return -1;
  return static_cast<int>(syscall(SYS_renameat2, old_folder, old_name, folder, name, 0));
}
int openat(int folder, const char* name, int flags, ...) {
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0) {
    va_list arguments;
    va_start(arguments, flags);
    mode = va_arg(arguments, mode_t);
    va_end(arguments);
  }
  if (kd::test::failing_calls.fails("openat")) return -1;
  return static_cast<int>(syscall(SYS_openat, folder, name, flags, mode));
}
}
