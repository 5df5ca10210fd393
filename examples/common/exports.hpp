// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <kd/export.hpp>
#include <optional>
#include <string>

#include "command_line.hpp"
#include "images.hpp"
#include "outputs.hpp"

namespace example {

/// What a student is exported to, by --export-c and --export-onnx, and whether in 8-bit integers.
struct ExportOptions {
  std::optional<std::string> c, onnx;
  std::string int8 = "no";

  bool integers() const { return int8 == "yes"; }
};

void add_export_flags(CommandLine& line, ExportOptions& options);

/// Adds the files to `outputs`. Throws `kd::ConfigError` when the name is none in C or nothing is
/// exported that could be in integers.
void add_exports(Outputs& outputs, const ExportOptions& options);

/// The student in integers, with the ranges of some training images.
template <class Architecture>
kd::QuantizedNetwork in_integers(const kd::Network<Architecture>& student, const Images& images) {
  return kd::quantize(student,
                      images.train.slice(0, std::min<kd::Index>(1000, images.train.size())));
}

/// What --export-c writes.
template <class Architecture>
std::function<void(const std::string&)> exported_c(const ExportOptions& options,
                                                   const kd::Network<Architecture>& student,
                                                   const Images& images) {
  return [&](const std::string&) {
    const kd::CSourceOptions source{.test = images.test};
    if (options.integers())
      kd::export_c(in_integers(student, images), student, *options.c, source);
    else
      kd::export_c(student, *options.c, source);
  };
}

/// What --export-onnx writes.
template <class Architecture>
std::function<void(const std::string&)> exported_onnx(const ExportOptions& options,
                                                      const kd::Network<Architecture>& student,
                                                      const Images& images) {
  return [&](const std::string& path) {
    if (options.integers())
      kd::export_onnx(in_integers(student, images), path);
    else
      kd::export_onnx(student, path);
  };
}

}  // namespace example
