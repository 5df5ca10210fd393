// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace mnist {

/// A file that is written at the end of a long run: as a whole or not at all.
///
/// The text goes to a file beside it, which then takes its name, so that a failed save leaves the
/// old one as it was. Devices and pipes are written to directly.
class OutputFile {
 public:
  /// Throws `kd::IoError` at once when the file could not be written later.
  explicit OutputFile(std::string path);

  /// Throws `kd::IoError`.
  void write(const std::string& text) const;

 private:
  std::string path_;
  std::string written_;  ///< where the text goes first
};

}  // namespace mnist
