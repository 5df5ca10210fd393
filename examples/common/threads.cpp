// SPDX-License-Identifier: MIT
#include "threads.hpp"

#include <algorithm>
#include <thread>

namespace example {

void add_threads_flag(CommandLine& line, int& threads) {
  constexpr int most = 1024;
  threads = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, most);
  line.add("--threads", threads, whole_number(1, most), "Results do not depend on it");
}

}  // namespace example
