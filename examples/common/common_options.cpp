// SPDX-License-Identifier: MIT
#include "common_options.hpp"

#include "threads.hpp"

namespace example {

void add_common_flags(CommandLine& line, CommonOptions& options, const std::string& of_seed) {
  line.add("--data", options.images.folder, name_of("folder", "DIR"),
           "Folder with the four files of MNIST, plain or\n"
           ".gz. Without it: what the build downloaded, else\n"
           "the sample that comes with this program");
  line.add("--json", options.json, name_of("file", "FILE"), "Writes the results to this file");
  line.add("--seed", options.seed, whole_number(0, most_seeds), of_seed);
  add_threads_flag(line, options.threads);
  line.add("--train-limit", options.images.train_limit, count(),
           "Trains on the first N images only");
  line.add("--test-limit", options.images.test_limit, count(), "Tests on the first N images only");
}

}  // namespace example
