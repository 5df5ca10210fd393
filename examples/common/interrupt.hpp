// SPDX-License-Identifier: MIT
#pragma once

#include <stdexcept>
#include <string>

namespace example {

/// From now on Ctrl-C (SIGINT) and SIGTERM ask the program to end at the next step instead of
/// ending it; the second one ends it at once. One that is ignored, as behind nohup, stays so.
void catch_interrupts();

/// The signal that asked the program to end; 0: none has.
int interrupt();

/// What a shell says of a program that this signal ended: 130 for Ctrl-C.
int exit_status_of_interrupt();

/// Thrown where a program ends because a signal asked it to; says what is kept, and how to go on.
struct Interrupted : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Throws `Interrupted` where a signal has asked for it. `kept` is a whole sentence, such as
/// "nothing is kept".
void stop_if_interrupted(const std::string& kept);

/// What is kept of a training with such a checkpoint file, or without one.
std::string kept_in(const std::string& checkpoint);

}  // namespace example
