// SPDX-License-Identifier: MIT
#include "exports.hpp"

namespace example {

std::optional<int> ExportOptions::aware_bits() const {
  if (int8 != "aware") return {};
  return bits.value_or(8);
}

void add_export_flags(CommandLine& line, ExportOptions& options) {
  line.group("For where there is no kd");
  line.add("--export-c", options.c, name_of("file", "NAME"),
           "The distilled student as C: NAME.h, NAME.c, and\n"
           "its sizes as NAME.json");
  line.add("--export-onnx", options.onnx, name_of("file", "FILE"), "The same as ONNX");
  line.add("--int8", options.int8, one_of({"no", "yes", "aware"}),
           "Whether these are of 8-bit integers, with the ranges\n"
           "of the first 1000 training images; aware: after a\n"
           "tenth of the student's epochs more, as integers with\n"
           "the same teacher, at a tenth of the rate");
  line.add("--bits", options.bits, whole_number(2, 8),
           "Fewer bits with --int8 aware, for weights and what\n"
           "goes from layer to layer; inputs, logits, the first\n"
           "and the last layer's weights keep 8");
}

void add_exports(Outputs& outputs, const ExportOptions& options) {
  if (options.bits && !options.aware_bits())
    throw kd::ConfigError("--bits: expected --int8 aware beside it, got --int8 " + options.int8);
  if (options.int8 == "yes" && !options.c && !options.onnx)
    throw kd::ConfigError("--int8: expected --export-c or --export-onnx beside it, got neither");
  if (options.c) {
    (void)kd::c_source::name_of(*options.c);
    outputs.add("--export-c", *options.c + ".c");
    for (const char* beside : {".h", ".json"})  // which are written with it
      outputs.add(std::string("--export-c (NAME") + beside + ")", *options.c + beside);
  }
  outputs.add("--export-onnx", options.onnx);
}

}  // namespace example
