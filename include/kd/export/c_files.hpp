// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string>
#include <vector>

#include "kd/core/matrix.hpp"
#include "kd/export/c_program.hpp"
#include "kd/files/output_file.hpp"
#include "kd/version.hpp"

namespace kd::c_source {

/// What is known of how good the exported network is; what is not is not a number.
struct Quality {
  Index samples = 0;
  double accuracy = std::numeric_limits<double>::quiet_NaN();            ///< of the exported one
  double float_accuracy = std::numeric_limits<double>::quiet_NaN();      ///< of the one in float
  double largest_difference = std::numeric_limits<double>::quiet_NaN();  ///< between their logits
};

/// Everything that the files of an exported network say; `T` is what it computes with.
template <class T>
struct Files {
  std::string name;
  Index inputs;
  Index outputs;
  Index arena;  ///< numbers
  Program program;
  std::string macros = {};  ///< more lines for the header
  Matrix<T> test_inputs = {};
  Matrix<T> test_outputs = {};
  Quality quality = {};
};

template <class T>
constexpr bool is_float = std::is_same_v<T, float>;

inline std::string padded(std::string text, std::size_t width, bool left = false) {
  const std::size_t room = text.size() < width ? width - text.size() : 0;
  return left ? text + std::string(room, ' ') : std::string(room, ' ') + text;
}

/// "93.45 %"
inline std::string percent(double share) {
  const auto hundredths = static_cast<Index>(share * 10000 + 0.5);
  const Index rest = hundredths % 100;
  return detail::text(hundredths / 100, rest < 10 ? ".0" : ".", rest, " %");
}

template <class T>
std::string quality_lines(const Quality& quality) {
  std::string all;
  if (detail::is_finite(quality.accuracy))
    all += detail::text(" * Right on ", percent(quality.accuracy), " of ", quality.samples,
                        " samples", is_float<T> ? "" : " in int8");
  if (!is_float<T> && detail::is_finite(quality.float_accuracy))
    all += ", on " + percent(quality.float_accuracy) + " in float";
  if (!all.empty()) all += ".\n";
  if (!is_float<T> && detail::is_finite(quality.largest_difference))
    all += detail::text(" * The largest difference of a logit from that in float is ",
                        quality.largest_difference, ".\n");
  return all;
}

/// The table of layers and sizes that heads the header.
template <class T>
std::string overview(const Files<T>& files) {
  const Program& p = files.program;
  std::size_t width = 0;
  for (const LayerRow& row : p.rows) width = std::max(width, row.text.size());
  std::string all =
      detail::text("/* ", files.name, ": a network of ", files.inputs, " inputs and ",
                   files.outputs, " outputs, in ", is_float<T> ? "float" : "8-bit integers",
                   ". Written by kd ", KD_VERSION, ".\n *\n *     ", padded("layer", width, true),
                   "   outputs  constants (bytes)  multiplications\n");
  for (std::size_t i = 0; i < p.rows.size(); ++i)
    all += " * " + padded(detail::text(i + 1), 3) + ' ' + padded(p.rows[i].text, width, true) +
           padded(detail::text(p.rows[i].out), 10) +
           padded(detail::text(p.rows[i].constant_bytes), 19) +
           padded(detail::text(p.rows[i].multiplications), 17) + '\n';
  return all + " *\n" + quality_lines<T>(files.quality);
}

template <class T>
std::string header_text(const Files<T>& files) {
  const Program& p = files.program;
  const std::string type = type_name<T>();
  std::string text = overview(files);
  text += detail::text(" * Flash: ", p.constant_bytes(), " bytes of constants, and the code. RAM: ",
                       (files.arena + files.inputs + files.outputs) * static_cast<Index>(sizeof(T)),
                       " bytes for inputs, outputs\n * and arena, and the stack.\n */\n");
  text += named(R"(#ifndef $_H
#define $_H

#include <stdint.h>

)",
                upper(files.name));
  const auto define = [&](const char* what, Index value) {
    text += detail::text("#define ", upper(files.name), '_', what, ' ', value, '\n');
  };
  define("INPUTS", files.inputs);
  define("OUTPUTS", files.outputs);
  define("ARENA_BYTES", files.arena * static_cast<Index>(sizeof(T)));
  define("CONSTANT_BYTES", p.constant_bytes());
  define("MULTIPLICATIONS", p.multiplications());
  text += files.macros;
  text += named(R"(
#ifdef __cplusplus
extern "C" {
#endif

)",
                files.name);
  text += named(
      detail::text("/* Computes the logits of one sample: in[", upper(files.name),
                   "_INPUTS] to out[", upper(files.name), "_OUTPUTS].\n * `arena` is ",
                   upper(files.name), "_ARENA_BYTES of memory", is_float<T> ? " for floats" : "",
                   files.arena == 0 ? " (none: it may be null)" : "",
                   ", whose content\n * need not be kept. The three do not overlap. */\n",
                   "void $_run(const ", type, " *in, ", type, " *out, void *arena);\n"),
      files.name);
  text += "\n#ifdef " + upper(files.name) + "_SELF_TEST\n";
  text += named(
      detail::text("/* Runs recorded samples. 0 where all outputs are as they were recorded",
                   is_float<T> ? ", but for rounding" : "",
                   ";\n * else 1 + the place of the first that is not: sample * outputs + output. ",
                   "*/\nint32_t $_self_test(void *arena);\n"),
      files.name);
  text += "#endif\n\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n";
  return text;
}

/// The recorded samples, and the function that runs them.
template <class T>
std::string self_test_text(const Files<T>& files) {
  const Index pairs = files.test_inputs.cols();
  const std::string macro = upper(files.name);
  const auto numbers = [&](const char* what, const Matrix<T>& values) {
    return detail::text(
        "static const ", type_name<T>(), ' ', what, '[', pairs, " * ", values.rows(),
        "] = ", braced(std::span<const T>(values.data(), static_cast<std::size_t>(values.size()))),
        ";\n");
  };
  std::string text = "\n#ifdef " + macro + "_SELF_TEST\n";
  text += numbers("test_inputs", files.test_inputs);
  text += numbers("test_outputs", files.test_outputs);
  std::string wrong = "out[i] != expected[i]";
  if constexpr (is_float<T>) {
    const float size = std::max(1.F, files.test_outputs.cwiseAbs().maxCoeff());
    const std::string within = literal(1e-5F * size);
    wrong = detail::text("!(out[i] - expected[i] <= ", within,
                         " &&\n            expected[i] - out[i] <= ", within, ")");
  }
  text +=
      named(detail::text("\nint32_t $_self_test(void *arena) {\n  ", type_name<T>(), " out[",
                         files.outputs, "];\n  for (int32_t k = 0; k < ", pairs,
                         "; ++k) {\n    const ", type_name<T>(), " *expected = test_outputs + k * ",
                         files.outputs, ";\n    $_run(test_inputs + k * ", files.inputs,
                         ", out, arena);\n    for (int32_t i = 0; i < ", files.outputs,
                         "; ++i)\n      if (", wrong, ")\n        return 1 + k * ", files.outputs,
                         " + i;\n  }\n  return 0;\n}\n#endif\n"),
            files.name);
  return text;
}

template <class T>
std::string body_text(const Files<T>& files, bool separate_weights) {
  const Program& p = files.program;
  std::string text = named("/* See $.h. */\n#include \"$.h\"\n", files.name);
  if (p.uses_math) text += "\n#include <math.h>\n";
  text += named(R"(
/* What places constants, such as an attribute that names a section. */
#ifndef $
#define $
#endif
)",
                p.rom);
  text += separate_weights ? "\n#include \"" + files.name + "_weights.h\"\n" : p.arrays;
  text += p.kernels + '\n' + p.structures + (p.structures.empty() ? "" : "\n");
  text += named(detail::text("void $_run(const ", type_name<T>(), " *in, ", type_name<T>(),
                             " *out, void *arena) {\n"),
                files.name);
  text += files.arena == 0
              ? std::string("  (void)arena;\n")
              : detail::text("  ", type_name<T>(), " *a = (", type_name<T>(), " *)arena;\n");
  return text + p.calls + "}\n" + self_test_text(files);
}

/// What a program can read of it.
template <class T>
std::string json_text(const Files<T>& files) {
  const Program& p = files.program;
  const Quality& quality = files.quality;
  std::string layers;
  for (const LayerRow& row : p.rows)
    layers +=
        detail::text(layers.empty() ? "" : ",", "\n    {\"layer\": \"", row.text,
                     "\", \"outputs\": ", row.out, ", \"constant_bytes\": ", row.constant_bytes,
                     ", \"multiplications\": ", row.multiplications, '}');
  std::string text = detail::text(
      "{\n  \"name\": \"", files.name, "\",\n  \"type\": \"", is_float<T> ? "float32" : "int8",
      "\",\n  \"kd_version\": \"", KD_VERSION, "\",\n  \"inputs\": ", files.inputs,
      ",\n  \"outputs\": ", files.outputs, ",\n  \"constant_bytes\": ", p.constant_bytes(),
      ",\n  \"arena_bytes\": ", files.arena * static_cast<Index>(sizeof(T)), ",\n  \"ram_bytes\": ",
      (files.arena + files.inputs + files.outputs) * static_cast<Index>(sizeof(T)),
      ",\n  \"multiplications\": ", p.multiplications());
  const auto add = [&](const char* what, double value) {
    if (detail::is_finite(value)) text += detail::text(",\n  \"", what, "\": ", value);
  };
  if (quality.samples > 0) text += detail::text(",\n  \"samples\": ", quality.samples);
  add("accuracy", quality.accuracy);
  add("float_accuracy", quality.float_accuracy);
  add("largest_logit_difference", quality.largest_difference);
  return text + ",\n  \"layers\": [" + layers + "\n  ]\n}\n";
}

/// Writes PATH.h, PATH.c, PATH.json and, where weights are to be apart, PATH_weights.h: each whole
/// or not at all, and none before all of them can be written. Throws `IoError`.
template <class T>
void write_files(const Files<T>& files, const std::string& path, bool separate_weights) {
  struct Part {
    OutputFile file;
    std::string text;
  };
  std::vector<Part> parts;
  const auto add = [&](const char* ending, std::string text) {
    parts.push_back({OutputFile(path + ending), std::move(text)});
  };
  const std::string& name = files.name;
  if (separate_weights)
    add("_weights.h", "/* The constants of " + name + ".c. */\n" + files.program.arrays);
  add(".h", header_text(files));
  add(".c", body_text(files, separate_weights));
  add(".json", json_text(files));
  for (Part& part : parts) part.file.write(part.text);
}

}  // namespace kd::c_source
