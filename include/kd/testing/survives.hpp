// SPDX-License-Identifier: MIT
#pragma once

#if __has_include(<sys/wait.h>) && __has_include(<unistd.h>)
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#define KD_TESTING_HAS_FORK
#endif

namespace kd::testing::detail {

/// Whether the program would outlive `f()`: it is tried in a process of its own, so that what is
/// being checked may stop in an assertion or write where it must not. An exception is no end.
/// Without POSIX nothing is tried, and the answer is yes.
template <class F>
bool survives(F&& f) {
#ifdef KD_TESTING_HAS_FORK
  const pid_t child = fork();
  if (child == 0) {
    for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL})
      std::signal(signal, SIG_DFL);  // not a test framework's, which would report
    close(STDERR_FILENO);
    alarm(60);
    try {
      f();
    } catch (...) {  // NOLINT(bugprone-empty-catch): thrown again where it is called in earnest
    }
    _exit(0);
  }
  if (child > 0) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
#else
  (void)f;
#endif
  return true;
}

}  // namespace kd::testing::detail
#undef KD_TESTING_HAS_FORK
