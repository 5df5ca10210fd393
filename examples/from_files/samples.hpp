// SPDX-License-Identifier: MIT
#pragma once

#include <kd/distill.hpp>
#include <optional>
#include <string>
#include <vector>

#include "command_line.hpp"

namespace example {

/// How the files of samples are to be read.
struct FileFormat {
  std::vector<std::string>
      arrays;  ///< in .npz files: inputs and labels; none: x, and y if it is there
  std::optional<std::string> label_column;  ///< of .csv files: a name, or a number from 0
  std::string header = "auto";              ///< of .csv files: auto, yes or no
  std::string separator = "comma";          ///< of .csv files: comma, semicolon or tab
};

/// Adds the flags for it.
void add_format_flags(CommandLine& line, FileFormat& format);

/// Samples as they came from a file, one column each, and what it says of them.
struct Samples {
  kd::Matrix<float> inputs;           ///< (features, samples), as the file has them
  std::optional<kd::Labels> labels;   ///< (samples)
  std::vector<std::string> features;  ///< their names, where the file has names
  std::vector<std::string> classes;   ///< their names, where labels are texts
};

/// Reads an .npz, .npy or .csv file; labels may come from a file of their own (.npy). Labels that
/// are texts are those of `classes`, in that order, where it is not empty. Throws what kd's readers
/// throw, and `kd::ConfigError` where the format cannot be that of the file.
Samples read_samples(const std::string& path, const std::optional<std::string>& labels,
                     const FileFormat& format, const std::vector<std::string>& classes = {});

/// Reads numbers, one column a sample, from an .npy, .npz or .csv file; `array` is the name in an
/// .npz file.
kd::Matrix<float> read_numbers(const std::string& path, const std::string& array,
                               const FileFormat& format);

/// What a table of one feature a column must have to be read by who was made for `expected`: those
/// columns in that order, where both have names. Throws `kd::ShapeError`.
void check_features(const std::string& path, const std::vector<std::string>& expected,
                    const std::vector<std::string>& got);

}  // namespace example
