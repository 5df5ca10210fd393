// SPDX-License-Identifier: MIT
#include "exports.hpp"

namespace example {

void add_export_flags(CommandLine& line, ExportOptions& options) {
  line.group("For where there is no kd");
  line.add("--export-c", options.c, name_of("file", "NAME"),
           "The distilled student as C: NAME.h, NAME.c, and\n"
           "its sizes as NAME.json");
  line.add("--export-onnx", options.onnx, name_of("file", "FILE"), "The same as ONNX");
  line.add("--int8", options.int8, one_of({"no", "yes"}),
           "Whether these are of 8-bit integers, whose ranges\n"
           "are those of the first 1000 training images");
}

void add_exports(Outputs& outputs, const ExportOptions& options) {
  if (options.integers() && !options.c && !options.onnx)
    throw kd::ConfigError("--int8: expected --export-c or --export-onnx beside it, got neither");
  if (options.c) {
    (void)kd::c_source::name_of(*options.c);
    outputs.add("--export-c", *options.c + ".c");
  }
  outputs.add("--export-onnx", options.onnx);
}

}  // namespace example
