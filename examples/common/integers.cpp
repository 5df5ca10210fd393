// SPDX-License-Identifier: MIT
#include "integers.hpp"

#include <algorithm>
#include <ostream>
#include <utility>

#include "text.hpp"

namespace example {

namespace {

std::vector<std::string> row_of(const char* name, const kd::Evaluation& test) {
  return {name, grouped(test.errors), fixed(100 * test.accuracy, 2) + " %"};
}

Json to_json(const kd::Evaluation& test) {
  return {{"test_errors", test.errors}, {"test_accuracy", test.accuracy}};
}

}  // namespace

std::vector<std::vector<std::string>> rows_of(const Integers& integers) {
  return {row_of("in float", integers.in_float),
          row_of("quantised afterwards", integers.afterwards),
          row_of("quantisation-aware", integers.aware)};
}

Further further(kd::Index epochs, double lr) {
  return {std::max<kd::Index>(1, (epochs + 5) / 10), lr / 10};
}

std::string plan_of(int bits, const Further& training) {
  return "the distilled one, trained further in " + std::to_string(bits) +
         " bits: " + std::to_string(training.epochs) +
         (training.epochs == 1 ? " epoch, lr " : " epochs, lr ") + general(training.lr);
}

void print_table(std::ostream& out, const Integers& integers) {
  out << '\n'
      << left("in " + std::to_string(integers.bits) + " bits, first seed", 29)
      << "  test errors   accuracy\n";
  for (const auto& row : rows_of(integers))
    out << left(row[0], 29) << right(row[1], 13) << right(row[2], 11) << '\n';
  out << std::flush;
}

Json to_json(const Integers& integers) {
  return {{"bits", integers.bits},
          {"epochs", integers.training.epochs},
          {"lr", integers.training.lr},
          {"float", to_json(integers.in_float)},
          {"afterwards", to_json(integers.afterwards)},
          {"aware", to_json(integers.aware)}};
}

kd::Dataset for_ranges(const Images& images) {
  return images.train.slice(0, std::min<kd::Index>(1000, images.train.size()));
}

kd::FakeQuantizedOptions of_bits(int bits, bool learned_scales) {
  return {.weight_bits = bits, .activation_bits = bits, .learned_scales = learned_scales};
}

}  // namespace example
