// SPDX-License-Identifier: MIT
//
// What a saved network says of samples from files.

#include <iostream>
#include <kd/io/npy.hpp>

#include "mlp.hpp"
#include "options.hpp"
#include "outputs.hpp"
#include "program.hpp"
#include "save_network.hpp"
#include "table.hpp"
#include "text.hpp"

namespace {

using predict::Options;

/// The samples, of which the network can say something.
example::Samples load_samples(const Options& options, const example::StoredNetwork& network) {
  const std::string& path = *options.inputs;
  example::Samples samples = example::read_samples(path, options.labels, options.format,
                                                   example::names_in(network, "classes"));
  example::check_features(path, example::names_in(network, "features"), samples.features);
  if (samples.inputs.rows() != network.sizes().front())
    throw kd::ShapeError(path + ": expected " + std::to_string(network.sizes().front()) +
                         " features a sample, as " + network.path() + " takes, got " +
                         std::to_string(samples.inputs.rows()));
  if (samples.inputs.cols() < 1) throw kd::DataError(path + ": expected samples, got none");
  return samples;
}

kd::Matrix<float> logits_of(const example::StoredNetwork& stored, const kd::Matrix<float>& inputs) {
  if (stored.sizes().size() > example::most_hidden + 2)
    throw kd::ShapeError(stored.path() + ": expected at most " +
                         std::to_string(example::most_hidden) + " hidden layers, got " +
                         example::text_of(stored.sizes()));
  kd::Matrix<float> logits;
  example::with_network(stored.sizes(), kd::Rng(0), [&](auto& network) {
    stored.load_into(network);
    logits = network.predict(inputs);
  });
  return logits;
}

void write(const Options& options, const kd::Matrix<float>& logits,
           const std::vector<std::string>& classes, const std::string& path) {
  const bool as_npy = predict::is_npy(path);
  if (options.as == "labels") {
    const kd::Labels labels = kd::classify(logits);
    if (as_npy) return kd::save_npy(kd::view(labels), path);
    return kd::OutputFile(path).write(predict::table_of(labels, classes));
  }
  const kd::Matrix<float> numbers =
      options.as == "logits" ? logits : kd::softmax(logits, options.temperature.value_or(1));
  if (as_npy) return kd::save_npy(numbers, path);
  kd::OutputFile(path).write(predict::table_of(numbers, classes));
}

void run(const Options& options) {
  predict::check(options);
  example::Outputs outputs;
  outputs.add("--output", options.output);
  outputs.check_apart_from(options.inputs, "--inputs");
  outputs.check_apart_from(options.network, "--network");
  outputs.check_apart_from(options.labels, "--labels");
  if (!predict::is_npy(*options.output) && !options.output->ends_with(".csv"))
    throw kd::ConfigError("--output: expected a file that ends with .npy or .csv, got " +
                          example::shown(*options.output));
  kd::set_threads(options.threads);
  const example::StoredNetwork network(*options.network);
  const example::Samples samples = load_samples(options, network);
  const kd::Matrix<float> logits = logits_of(network, samples.inputs);
  std::cout << "Network " << example::text_of(network.sizes()) << ": " << options.as << " of "
            << example::grouped(logits.cols()) << " samples go to " << *options.output << '\n';
  example::check_standard_output();
  outputs.write({{"--output", [&](const std::string& path) {
                    write(options, logits, example::names_in(network, "classes"), path);
                  }}});
  if (!samples.labels) return;
  const kd::Index right =
      (kd::classify(logits).array() == samples.labels->array()).cast<kd::Index>().sum();
  const double share = static_cast<double>(right) / static_cast<double>(logits.cols());
  std::cout << "Right, as the labels beside them say: " << example::grouped(right) << " ("
            << example::fixed(100 * share, 2) << " %)\n";
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  example::CommandLine line("predict", predict::description);
  predict::add_flags(line, options);
  return example::run_program(line, argc, argv, [&] { run(options); });
}
