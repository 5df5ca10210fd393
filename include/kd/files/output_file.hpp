// SPDX-License-Identifier: MIT
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <climits>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "kd/core/fingerprint.hpp"
#include "kd/files/open_file.hpp"
#include "kd/files/write_all.hpp"

namespace kd {

/// A file that is replaced as a whole or not at all.
///
/// The content goes to a new file in the same folder, which takes the name only when all of it is
/// on the disk: whatever fails before, the old file is as it was and nothing stays beside it. A
/// symbolic link stays one; permissions stay, and the owner where the system lets them.
class OutputFile {
 public:
  /// Finds the file behind `path`, which need not be there. Throws `IoError` when it could not
  /// be replaced later: it is no file, it is read-only, its folder takes no new file.
  explicit OutputFile(std::string path);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  /// Puts `parts`, one behind the other, in the place of the old content. Throws `IoError`.
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

#if KD_DEFINES

namespace detail {

inline constexpr int most_links = 40;  // as many as Linux follows
inline constexpr int most_names = 100;
inline constexpr const char* cannot_write = "cannot be written";
inline constexpr const char* expected_file = "expected a file to write, got ";

KD_INLINE const char* kind_of_file(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a pipe (FIFO)";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISLNK(mode)) return "a symbolic link that was not there before";
  return "a device";
}

KD_INLINE bool is_same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/// File systems that cannot sync what `descriptor` is say so by EINVAL or ENOTSUP.
KD_INLINE bool synced(int descriptor) {
  return retried([&] { return ::fsync(descriptor); }) == 0 || errno == EINVAL || errno == ENOTSUP;
}

KD_INLINE std::string part_name() {
  static std::atomic<std::uint64_t> count{0};
  const std::array<std::uint64_t, 3> seed{
      static_cast<std::uint64_t>(::getpid()), ++count,
      static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count())};
  return text("kd-", Fingerprint::of(seed.data(), sizeof seed), ".part");
}

}  // namespace detail

KD_INLINE OutputFile::OutputFile(std::string path) : path_(std::move(path)) {
  try {
    find();
    begin();  // what would fail after a long run fails now
  } catch (...) {
    drop();
    if (folder_ >= 0) ::close(folder_);
    throw;
  }
  drop();
}

KD_INLINE OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      name_(std::move(other.name_)),
      part_(std::move(other.part_)),
      folder_(std::exchange(other.folder_, -1)),
      file_(std::exchange(other.file_, -1)) {}

KD_INLINE OutputFile::~OutputFile() {
  drop();
  if (folder_ >= 0) ::close(folder_);
}

KD_INLINE void OutputFile::fail(const std::string& what, int error) const {
  throw IoError(path_, what + ": " + detail::errno_text(error));
}

/// Follows symbolic links one by one, because the last may lead to a file that is not there yet.
KD_INLINE void OutputFile::find() {
  struct stat found {};
  if (::stat(path_.c_str(), &found) == 0 && !S_ISREG(found.st_mode))
    throw IoError(path_, detail::text(detail::expected_file, detail::kind_of_file(found.st_mode)));
  std::string rest = path_;
  for (int links = 0; links < detail::most_links; ++links) {
    const std::size_t slash = rest.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : rest.substr(0, slash + 1);
    name_ = slash == std::string::npos ? rest : rest.substr(slash + 1);
    const int from = folder_ < 0 ? AT_FDCWD : folder_;
    const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    const int next = detail::retried([&] { return ::openat(from, folder.c_str(), flags); });
    const int error = errno;
    if (folder_ >= 0) ::close(folder_);
    folder_ = next;
    if (folder_ < 0) fail("its folder cannot be opened", error);
    if (name_.empty()) throw IoError(path_, "expected the name of a file, got none");
    std::array<char, PATH_MAX> link{};
    const ssize_t length = ::readlinkat(folder_, name_.c_str(), link.data(), link.size());
    if (length < 0 && (errno == EINVAL || errno == ENOENT)) return;  // no link, or nothing at all
    if (length < 0) fail(detail::cannot_write, errno);
    rest.assign(link.data(), static_cast<std::size_t>(length));
  }
  fail(detail::cannot_write, ELOOP);
}

/// Whether something is there, and then what; it may be replaced. Renaming would not ask.
KD_INLINE bool OutputFile::check_old(struct stat& old) const {
  if (::fstatat(folder_, name_.c_str(), &old, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return false;
    fail(detail::cannot_write, errno);
  }
  if (!S_ISREG(old.st_mode))
    throw IoError(path_, detail::text(detail::expected_file, detail::kind_of_file(old.st_mode)));
  constexpr mode_t writable = S_IWUSR | S_IWGRP | S_IWOTH;
  if ((old.st_mode & writable) == 0) throw IoError(path_, "is read-only");
  const int flags = O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  const int file = detail::retried([&] { return ::openat(folder_, name_.c_str(), flags); });
  if (file < 0) fail(detail::cannot_write, errno);
  ::close(file);
  struct stat folder {};
  if (::fstat(folder_, &folder) != 0) fail(detail::cannot_write, errno);
  // In a folder such as /tmp only a file's owner may replace it.
  const uid_t user = ::geteuid();
  if ((folder.st_mode & S_ISVTX) != 0 && user != 0 && user != folder.st_uid && user != old.st_uid)
    fail("cannot be replaced, as it is another user's", EPERM);
  return true;
}

KD_INLINE void OutputFile::begin() {
  struct stat old {};
  const bool replaces = check_old(old);
  for (int i = 0; i < detail::most_names && file_ < 0; ++i) {
    std::string name = detail::part_name();
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    // Until it has the old permissions nobody else may read it.
    file_ = detail::retried(
        [&] { return ::openat(folder_, name.c_str(), flags, replaces ? 0600 : 0666); });
    if (file_ >= 0) part_ = std::move(name);
    if (file_ < 0 && errno != EEXIST) break;
  }
  if (file_ < 0) fail(detail::cannot_write, errno);
  if (!replaces) return;
  mode_t mode = old.st_mode & (S_IRWXU | S_IRWXG | S_IRWXO);
  // Where the group cannot be kept, another group gets no more than all others have.
  if (::fchown(file_, old.st_uid, old.st_gid) != 0 &&
      ::fchown(file_, static_cast<uid_t>(-1), old.st_gid) != 0)
    mode = (mode & ~static_cast<mode_t>(S_IRWXG)) | ((mode & S_IRWXO) << 3U);
  if (detail::retried([&] { return ::fchmod(file_, mode); }) != 0)
    fail("cannot be given its permissions", errno);
}

KD_INLINE void OutputFile::append(std::string_view bytes) {
  if (const int error = detail::write_all(file_, bytes); error != 0)
    fail(detail::cannot_write, error);
}

KD_INLINE void OutputFile::commit() {
  if (!detail::synced(file_)) fail(detail::cannot_write, errno);
  // Some file systems say only here that there was no room. EINTR closes the file all the same.
  if (::close(std::exchange(file_, -1)) != 0 && errno != EINTR) fail(detail::cannot_write, errno);
  if (::renameat(folder_, part_.c_str(), folder_, name_.c_str()) != 0)
    fail(detail::cannot_write, errno);
  part_.clear();
  if (!detail::synced(folder_)) fail("is written, but its folder cannot be synced", errno);
}

KD_INLINE void OutputFile::drop() noexcept {
  if (file_ >= 0) ::close(std::exchange(file_, -1));
  if (!part_.empty()) ::unlinkat(folder_, part_.c_str(), 0);
  part_.clear();
}

KD_INLINE void OutputFile::write(std::span<const std::string_view> parts) {
  try {
    begin();
    for (const std::string_view part : parts) append(part);
    commit();
  } catch (...) {
    drop();
    throw;
  }
}

KD_INLINE bool OutputFile::same_file(const OutputFile& other) const {
  struct stat a {};
  struct stat b {};
  if (::fstatat(other.folder_, other.name_.c_str(), &b, AT_SYMLINK_NOFOLLOW) == 0 &&
      ::fstatat(folder_, name_.c_str(), &a, AT_SYMLINK_NOFOLLOW) == 0 && detail::is_same_file(a, b))
    return true;
  return name_ == other.name_ && ::fstat(folder_, &a) == 0 && ::fstat(other.folder_, &b) == 0 &&
         detail::is_same_file(a, b);
}

KD_INLINE bool OutputFile::same_file(int descriptor) const {
  struct stat ours {};
  struct stat open {};
  return ::fstat(descriptor, &open) == 0 &&
         ::fstatat(folder_, name_.c_str(), &ours, AT_SYMLINK_NOFOLLOW) == 0 &&
         detail::is_same_file(ours, open);
}

#endif

}  // namespace kd
