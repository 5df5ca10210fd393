// SPDX-License-Identifier: MIT
#include "interrupt.hpp"

#include <unistd.h>

#include <atomic>
#include <csignal>

namespace example {

namespace {

// All that a handler does must be safe within whatever it interrupts.
std::atomic<int> asked{0};
static_assert(std::atomic<int>::is_always_lock_free);

int exit_status_of(int signal) { return 128 + signal; }

extern "C" void ask(int signal) {
  if (asked.exchange(signal) != 0) _exit(exit_status_of(signal));
}

}  // namespace

void catch_interrupts() {
  for (const int signal : {SIGINT, SIGTERM}) {
    struct sigaction before {};
    if (sigaction(signal, nullptr, &before) != 0 || before.sa_handler == SIG_IGN) continue;
    struct sigaction action {};
    action.sa_handler = ask;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    sigaction(signal, &action, nullptr);
  }
}

int interrupt() { return asked.load(); }

int exit_status_of_interrupt() { return exit_status_of(interrupt()); }

void stop_if_interrupted(const std::string& kept) {
  if (interrupt() == 0) return;
  throw Interrupted((interrupt() == SIGINT ? "stopped by Ctrl-C: " : "stopped by SIGTERM: ") +
                    kept);
}

std::string kept_in(const std::string& checkpoint) {
  if (checkpoint.empty())
    return "nothing is kept of this training (--checkpoint FILE would keep it)";
  return "the same command goes on from " + checkpoint;
}

}  // namespace example
