// SPDX-License-Identifier: MIT
#pragma once

#include <kd/files/output_file.hpp>
#include <optional>
#include <string>

#include "comparison.hpp"
#include "json.hpp"

namespace compare {

/// One training of a student, and what came of it.
struct Training {
  std::string student, method, recipe;
  std::uint64_t seed = 0;
  kd::Index errors = 0;
  double seconds = 0;
};

/// The trainings of a comparison that are done, in a file that has each as soon as it is: of JSON,
/// a line for each, behind one that says what is compared.
class Finished {
 public:
  /// Without a file there are none. Throws `kd::ConfigError` when the file is another comparison's,
  /// or none at all; `kd::IoError` when it cannot be read or written.
  Finished(const std::optional<std::string>& file, const Figures& figures,
           const example::Images& images);

  /// The one of that name and seed, if it is done.
  const Training* find(const std::string& student, const std::string& method,
                       const std::string& recipe, std::uint64_t seed) const;

  /// Returns it, until the next is added.
  const Training& add(Training training);

 private:
  void read(const std::string& path);

  std::string comparison_;
  std::vector<Training> trainings_;
  std::optional<kd::OutputFile> file_;
};

}  // namespace compare
