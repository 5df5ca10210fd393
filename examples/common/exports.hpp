// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <kd/export.hpp>
#include <optional>
#include <string>

#include "command_line.hpp"
#include "images.hpp"
#include "integers.hpp"
#include "outputs.hpp"

namespace example {

/// What a student is exported to, by --export-c and --export-onnx, and whether in integers.
struct ExportOptions {
  std::optional<std::string> c, onnx;
  std::string int8 = "no";
  std::optional<int> bits;

  bool integers() const { return int8 != "no"; }
  /// For how many bits the student is trained further, if it is.
  std::optional<int> aware_bits() const;
};

void add_export_flags(CommandLine& line, ExportOptions& options);

/// Adds the files to `outputs`. Throws `kd::ConfigError` when the name is none in C, nothing is
/// exported that could be in integers, or bits are told of what learns none.
void add_exports(Outputs& outputs, const ExportOptions& options);

/// The integers that are exported: those that were trained, or else the student's own.
template <class Architecture>
kd::QuantizedNetwork exported_integers(const kd::Network<Architecture>& student,
                                       const std::optional<Integers>& trained,
                                       const Images& images) {
  return trained ? trained->network : quantized_afterwards(student, images);
}

/// What --export-c writes.
template <class Architecture>
std::function<void(const std::string&)> exported_c(const ExportOptions& options,
                                                   const kd::Network<Architecture>& student,
                                                   const std::optional<Integers>& trained,
                                                   const Images& images) {
  return [&](const std::string&) {
    const kd::CSourceOptions source{.test = images.test};
    if (options.integers())
      kd::export_c(exported_integers(student, trained, images), student, *options.c, source);
    else
      kd::export_c(student, *options.c, source);
  };
}

/// What --export-onnx writes.
template <class Architecture>
std::function<void(const std::string&)> exported_onnx(const ExportOptions& options,
                                                      const kd::Network<Architecture>& student,
                                                      const std::optional<Integers>& trained,
                                                      const Images& images) {
  return [&](const std::string& path) {
    if (options.integers())
      kd::export_onnx(exported_integers(student, trained, images), path);
    else
      kd::export_onnx(student, path);
  };
}

}  // namespace example
