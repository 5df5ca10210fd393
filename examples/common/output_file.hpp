// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>

struct stat;

namespace example {

/// A file that is replaced as a whole or not at all.
///
/// The content goes to a new file in the same folder, which takes the name only when all of it is
/// on the disk: whatever fails before, the old file is as it was and nothing stays beside it. A
/// symbolic link stays one; permissions stay, and the owner where the system lets them.
class OutputFile {
 public:
  /// Finds the file behind `path`, which need not be there. Throws `kd::IoError` when it could not
  /// be replaced later: it is no file, it is read-only, its folder takes no new file.
  explicit OutputFile(std::string path);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  /// Puts `parts`, one behind the other, in the place of the old content. Throws `kd::IoError`.
  void write(std::span<const std::string_view> parts);
  void write(std::string_view content) { write(std::span(&content, 1)); }

  /// Whether both would replace the same file, by whatever path.
  bool same_file(const OutputFile& other) const;

  /// Whether an open file of the process is the one that would be replaced.
  bool same_file(int descriptor) const;

 private:
  void find();
  bool check_old(struct stat& old) const;
  void begin();
  void append(std::string_view bytes);
  void commit();
  void drop() noexcept;
  [[noreturn]] void fail(const std::string& what, int error) const;

  std::string path_;  ///< as it was given
  std::string name_;  ///< in `folder_`, behind all links
  std::string part_;  ///< the name that the new file has until it is complete; empty: there is none
  int folder_ = -1;   ///< open, so that it stays the same one wherever it is moved
  int file_ = -1;     ///< the new file, while it is written
};

}  // namespace example
