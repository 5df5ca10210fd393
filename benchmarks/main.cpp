// SPDX-License-Identifier: MIT
//
// kd_benchmarks [--threads=N] [--data=DIR] [--benchmark_...]
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "setting.hpp"

namespace {

/// Takes `--name=value` out of the arguments; `otherwise` when it is not there.
std::string take(std::vector<char*>& arguments, std::string_view name, std::string otherwise) {
  const std::string start = "--" + std::string(name) + "=";
  for (auto at = arguments.begin(); at != arguments.end(); ++at) {
    const std::string_view argument = *at;
    if (argument.substr(0, start.size()) != start) continue;
    otherwise = argument.substr(start.size());
    arguments.erase(at);
    break;
  }
  return otherwise;
}

int run(std::vector<char*> arguments) {
  const char* const folder = std::getenv("KD_DATA");
  const std::string data = take(arguments, "data", folder == nullptr ? "" : folder);
  kd::set_threads(std::stoi(take(arguments, "threads", "1")));
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) {
    std::cerr << "kd's own arguments: --threads=N (1), --data=DIR (a folder with MNIST)\n";
    return 1;
  }
  benchmark::AddCustomContext("threads", std::to_string(kd::threads()));
  benchmark::AddCustomContext("images", setting::choose_images(data));
  benchmark::AddCustomContext("vectors", Eigen::SimdInstructionSetsInUse());
  benchmark::AddCustomContext("compiler", __VERSION__);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << "kd_benchmarks: " << error.what() << '\n';
    return 1;
  }
}
