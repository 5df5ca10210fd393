// SPDX-License-Identifier: MIT
#include "common_options.hpp"

#include <algorithm>
#include <thread>

namespace example {

void add_common_flags(CommandLine& line, CommonOptions& options, const std::string& of_seed) {
  constexpr int most_threads = 1024;
  options.threads =
      std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, most_threads);
  line.add("--data", options.images.folder, name_of("folder", "DIR"),
           "Folder with the four files of MNIST, plain or\n"
           ".gz. Without it: what the build downloaded, else\n"
           "the sample that comes with this program");
  line.add("--json", options.json, name_of("file", "FILE"), "Writes the results to this file");
  line.add("--seed", options.seed, whole_number(0, most_seeds), of_seed);
  line.add("--threads", options.threads, whole_number(1, most_threads),
           "Results do not depend on it");
  line.add("--train-limit", options.images.train_limit, count(),
           "Trains on the first N images only");
  line.add("--test-limit", options.images.test_limit, count(), "Tests on the first N images only");
}

}  // namespace example
