// SPDX-License-Identifier: MIT
#pragma once

#if defined(__unix__) || defined(__APPLE__)
#define KD_TEST_FORKS 1
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#else
#define KD_TEST_FORKS 0
#endif

#if KD_TEST_FORKS
namespace kd::test {

/// Runs `holds()` in a child process, which ends as programs do. False also where it does not come
/// back within half a minute.
template <class Holds>
bool in_child(Holds&& holds) {
  std::cout.flush();
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) return false;
  if (child == 0) {
    alarm(30);
    bool held = false;
    try {
      held = holds();
    } catch (...) {
    }
    std::exit(held ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace kd::test
#endif
