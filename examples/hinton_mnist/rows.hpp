// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace hinton {

/// Which rows of the table are run.
struct Rows {
  bool alone = true;
  bool distilled = true;
  bool without_threes = true;
  bool sevens_and_eights = true;
  bool sweep = true;

  /// Whether a teacher is needed.
  bool taught() const { return distilled || without_threes || sevens_and_eights || sweep; }
};

/// The names that `--rows` takes.
const std::vector<std::string>& row_names();

/// Those that are named; all where none is. Throws `kd::ConfigError` for another name.
Rows rows_of(const std::vector<std::string>& names);

}  // namespace hinton
