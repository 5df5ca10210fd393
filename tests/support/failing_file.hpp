// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "kd/data/plain_files.hpp"

/// Files whose reads and seeks fail, by way of glibc's streams with functions of one's own.
#if defined(__GLIBC__)
#define KD_TEST_FAILING_FILES 1
#else
#define KD_TEST_FAILING_FILES 0
#endif

namespace kd::test {

/// What happens to the files of a `FailingFiles`.
struct FileFaults {
  int failing_call = 0;  ///< which read or seek fails, counted from 1 over all files; 0: none
  std::size_t longest_read = 4096;
  int calls = 0;  ///< reads and seeks so far
  int open = 0;   ///< files that are open
};

#if KD_TEST_FAILING_FILES

namespace support {

struct FailingFile {
  std::string content;
  std::size_t at;
  FileFaults* faults;

  bool fails() const {
    if (++faults->calls != faults->failing_call) return false;
    errno = EIO;
    return true;
  }

  static ssize_t read(void* cookie, char* to, std::size_t count) {
    auto& file = *static_cast<FailingFile*>(cookie);
    if (file.fails()) return -1;
    const std::size_t got =
        std::min({count, file.content.size() - file.at, file.faults->longest_read});
    std::copy_n(file.content.data() + file.at, got, to);
    file.at += got;
    return static_cast<ssize_t>(got);
  }

  static int seek(void* cookie, off64_t* offset, int from) {
    auto& file = *static_cast<FailingFile*>(cookie);
    if (file.fails()) return -1;
    const auto base = from == SEEK_SET   ? std::size_t{0}
                      : from == SEEK_CUR ? file.at
                                         : file.content.size();
    file.at = base + static_cast<std::size_t>(*offset);
    *offset = static_cast<off64_t>(file.at);
    return 0;
  }

  static int close(void* cookie) {
    const std::unique_ptr<FailingFile> file(static_cast<FailingFile*>(cookie));
    --file->faults->open;
    return 0;
  }
};

}  // namespace support

/// A `FileSource` of `Stream`s: the files of the disk, with faults.
template <class Stream>
struct FailingFiles {
  FileFaults* faults;

  Stream open(const std::string& path) const {
    std::ifstream disk(path, std::ios::binary);
    if (!disk) throw MissingFile(path, "missing");
    auto file = std::make_unique<support::FailingFile>(
        support::FailingFile{std::string(std::istreambuf_iterator<char>(disk), {}), 0, faults});
    kd::detail::File stream(fopencookie(file.get(), "rb",
                                        {support::FailingFile::read, nullptr,
                                         support::FailingFile::seek, support::FailingFile::close}));
    if (!stream) throw IoError(path, "fopencookie");
    file.release();
    ++faults->open;
    if constexpr (std::is_same_v<Stream, kd::detail::PlainStream>)
      return Stream(path, std::move(stream));
    else
      return Stream(kd::detail::PlainStream(path, std::move(stream)));
  }
};

#endif

}  // namespace kd::test
