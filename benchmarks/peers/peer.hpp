// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// What the C++ peers share: arguments, the clock and the report, as peer.py has them.
namespace peer {

struct Arguments {
  std::string phase;
  int threads = 1;
  double seconds = 1;
  std::string data;
};

inline Arguments read_arguments(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.substr(0, 2) != "--") {
      arguments.phase = argument;
      continue;
    }
    if (i + 1 == argc) throw std::invalid_argument(std::string(argument) + " needs a value");
    const char* const value = argv[++i];
    if (argument == "--threads") {
      arguments.threads = std::atoi(value);
    } else if (argument == "--seconds") {
      arguments.seconds = std::atof(value);
    } else if (argument == "--data") {
      arguments.data = value;
    } else {
      throw std::invalid_argument("unknown argument " + std::string(argument));
    }
  }
  return arguments;
}

/// The median over repetitions of the mean time of `call()`.
template <class Call>
double seconds_per_call(double seconds, Call&& call) {
  using Clock = std::chrono::steady_clock;
  const auto time = [&](long calls) {
    const auto start = Clock::now();
    for (long i = 0; i < calls; ++i) call();
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  constexpr int repetitions = 5;
  time(3);
  long calls = 1;
  double taken = time(calls);
  while (taken < 0.02) taken = time(calls *= 2);
  calls =
      std::max(1L, static_cast<long>(static_cast<double>(calls) * seconds / repetitions / taken));
  std::vector<double> times;
  for (int i = 0; i < repetitions; ++i) times.push_back(time(calls) / static_cast<double>(calls));
  std::nth_element(times.begin(), times.begin() + repetitions / 2, times.end());
  return times[repetitions / 2];
}

inline void report(const std::string& name, const char* mode, double seconds) {
  std::printf("{\"peer\": \"%s\", \"mode\": \"%s\", \"seconds\": %.9g}\n", name.c_str(), mode,
              seconds);
}

/// What the main function of a peer returns: does `work(arguments)` and tells what went wrong.
template <class Work>
int run(const char* program, int argc, char** argv, Work&& work) {
  try {
    work(read_arguments(argc, argv));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", program, error.what());
    return 1;
  }
}

}  // namespace peer
