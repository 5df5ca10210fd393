// SPDX-License-Identifier: MIT
#include "options.hpp"

#include <kd/core/error.hpp>

#include "threads.hpp"

namespace predict {

namespace {

constexpr const char* footer =
    "A network is Linear layers with ReLU between them, saved by kd or by PyTorch; its sizes are\n"
    "in its file. Inputs are taken as distill_from_files takes them.\n"
    "\n"
    "Examples:\n"
    "  predict --network student.safetensors --inputs x.npy --output labels.csv\n"
    "  predict --network student.safetensors --inputs x.npz --as logits --output logits.npy";

}  // namespace

void add_flags(example::CommandLine& line, Options& options) {
  line.footer(footer);
  line.add("--network", options.network, example::name_of("file", "FILE"),
           "The network, a safetensors file");
  line.add("--inputs", options.inputs, example::name_of("file", "FILE"),
           "The samples: .npz, .npy or .csv");
  line.add("--labels", options.labels, example::name_of("file", "FILE"),
           "Their labels, if they are known and in a file of\n"
           "their own (.npy): how many are right is told");
  line.add("--output", options.output, example::name_of("file", "FILE"),
           "What is said of them goes here: .npy or .csv");
  line.add("--as", options.as, example::one_of({"labels", "probabilities", "logits"}),
           "What is asked for");
  line.add("--temperature", options.temperature, example::positive_number(),
           "Softens the probabilities; 1 without it");
  example::add_threads_flag(line, options.threads);
  example::add_format_flags(line, options.format);
}

bool is_npy(const std::string& path) { return path.ends_with(".npy"); }

void check(const Options& options) {
  const auto must_be_given = [](const char* flag, const auto& value, const char* expected) {
    if (!value)
      throw kd::ConfigError(std::string(flag) + ": expected " + expected + ", got nothing");
  };
  must_be_given("--network", options.network, "the file of a network");
  must_be_given("--inputs", options.inputs, "the file of samples");
  must_be_given("--output", options.output, "the file for what the network says");
  if (options.temperature && options.as != "probabilities")
    throw kd::ConfigError("--temperature: expected --as probabilities beside it, got " +
                          options.as);
}

}  // namespace predict
