// SPDX-License-Identifier: MIT
#include "program.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <iostream>
#include <kd/core/error.hpp>
#include <new>

#include "interrupt.hpp"
#include "outputs.hpp"
#include "text.hpp"

namespace example {

namespace {

constexpr int done = 0;
constexpr int failed = 1;
constexpr int wrong_flags = 2;

/// A standard stream that is closed would lend its number to the next file that is opened, and what
/// is printed would land there: the number is taken, for the direction that nobody uses.
void reserve_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (fcntl(stream, F_GETFD) < 0)
      (void)open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int report(const CommandLine& line, const std::string& what, int status) {
  std::cerr << line.program() << ": " << one_line(what) << '\n';
  return status;
}

}  // namespace

int run_program(CommandLine& line, int argc, const char* const* argv,
                const std::function<void()>& run) {
  reserve_standard_streams();
  (void)std::signal(SIGXFSZ, SIG_IGN);  // a file over the limit then is an error of writing
  try {
    if (line.parse(argc, argv)) {
#if defined(__GNUC__) && !defined(__OPTIMIZE__)
      std::cout << "Note: this was compiled without optimisation and is very slow.\n";
#endif
      run();
    }
    check_standard_output();
  } catch (const Interrupted& stopped) {
    return report(line, stopped.what(), exit_status_of_interrupt());
  } catch (const kd::ConfigError& error) {
    return report(line, error.what(), wrong_flags);
  } catch (const std::bad_alloc&) {
    return report(line, "there is not enough memory", failed);
  } catch (const std::exception& error) {
    return report(line, error.what(), failed);
  }
  return done;
}

}  // namespace example
