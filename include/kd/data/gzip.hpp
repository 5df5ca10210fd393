// SPDX-License-Identifier: MIT
#pragma once

/// Compressed files. Opt-in: needs zlib, CMake target kd::zlib.

#include <zlib.h>

#include <algorithm>
#include <array>
#include <vector>

#include "kd/data/plain_files.hpp"

namespace kd {

namespace detail {

/// The content of a file that may be gzip'ed, told by its first two bytes.
///
/// Faults of the compression carry offsets into the file as it lies on the disk.
class GzipStream {
 public:
  /// Content that is still gzip'ed was packed twice.
  static constexpr bool unpacks_gzip = true;

  explicit GzipStream(PlainStream file) : file_(std::move(file)) {
    std::array<std::uint8_t, 2> start{};
    const std::size_t got = file_.read(start.data(), start.size());
    file_.rewind();
    packed_ = got == 2 && start[0] == 0x1F && start[1] == 0x8B;
    if (!packed_) return;
    buffer_.resize(std::size_t{1} << 16);
    constexpr int gzip_alone = 16 + MAX_WBITS;
    if (inflateInit2(&zlib_, gzip_alone) != Z_OK) fail_without_memory();
  }
  GzipStream(const GzipStream&) = delete;  // zlib remembers where its state lies
  GzipStream& operator=(const GzipStream&) = delete;
  ~GzipStream() {
    if (packed_) inflateEnd(&zlib_);
  }

  const std::string& path() const { return file_.path(); }

  /// Two bits of deflate's give 258 bytes at the very most: 1032 to 1.
  std::uint64_t max_bytes() const { return packed_ ? 1032 * file_.max_bytes() : file_.max_bytes(); }

  std::size_t read(std::uint8_t* to, std::size_t count) {
    if (!packed_) return file_.read(to, count);
    std::size_t done = 0;
    while (done < count && !at_end_) {
      if (zlib_.avail_in == 0) refill();
      const std::size_t room = std::min(count - done, std::size_t{1} << 30);
      zlib_.next_out = to + done;
      zlib_.avail_out = static_cast<uInt>(room);
      const int code = inflate(&zlib_, Z_NO_FLUSH);
      done += room - zlib_.avail_out;
      if (code == Z_STREAM_END) {
        begin_next_member();
      } else if (code != Z_OK) {
        fail(code);
      }
    }
    return done;
  }

 private:
  void refill() {
    const std::size_t got = file_.read(buffer_.data(), buffer_.size());
    taken_ += got;
    zlib_.next_in = buffer_.data();
    zlib_.avail_in = static_cast<uInt>(got);
  }

  /// A gzip file may consist of several, one after the other.
  void begin_next_member() {
    constexpr std::uint8_t first_byte = 0x1F;
    if (zlib_.avail_in == 0) refill();
    if (zlib_.avail_in > 0 && *zlib_.next_in == first_byte) {
      inflateReset(&zlib_);
    } else {
      skip_padding();
      at_end_ = true;
    }
  }

  /// Goes to the end of the file, over zeros to the end of a block and an editor's or a mailer's
  /// line ends. Throws `FormatError` at anything else.
  void skip_padding() {
    for (; zlib_.avail_in > 0; refill()) {
      for (; zlib_.avail_in > 0; ++zlib_.next_in, --zlib_.avail_in)
        if (const auto byte = *zlib_.next_in; byte != 0 && byte != '\n' && byte != '\r')
          throw FormatError(path(), taken_ - zlib_.avail_in,
                            "expected the end of the file behind the gzip data, got more bytes");
    }
  }

  [[noreturn]] void fail_without_memory() const {
    throw IoError(path(), "not enough memory to unpack it");
  }

  [[noreturn]] void fail(int code) const {
    if (code == Z_MEM_ERROR) fail_without_memory();
    const char* why = zlib_.msg != nullptr ? zlib_.msg : "not gzip data";
    if (code == Z_BUF_ERROR) why = "the file ends early";  // nothing came in, nothing could go out
    throw FormatError(path(), taken_ - zlib_.avail_in, text("damaged gzip file: ", why));
  }

  PlainStream file_;
  bool packed_ = false;
  bool at_end_ = false;
  std::uint64_t taken_ = 0;  ///< bytes that have come out of the file
  std::vector<std::uint8_t> buffer_;
  z_stream zlib_{};
};

}  // namespace detail

/// Files as they are or gzip'ed, for the loaders that take a `FileSource`:
/// `load_mnist("mnist", Split::train, GzipFiles{})`.
///
/// Opens `path`, or, where there is none, `path` with `.gz` behind it.
struct GzipFiles {
  /// Throws `MissingFile` when there is neither, `IoError` when it cannot be read. Reading throws
  /// `FormatError` when the compressed data are damaged: cut short, changed (CRC-32), followed by
  /// anything but padding.
  detail::GzipStream open(const std::string& path) const {
    const std::string packed_path = path + ".gz";
    std::string missing;
    std::string packed_missing;
    if (detail::File file = detail::open_file(path, missing))
      return detail::GzipStream({path, std::move(file)});
    if (detail::File file = detail::open_file(packed_path, packed_missing))
      return detail::GzipStream({packed_path, std::move(file)});
    throw MissingFile(path, missing + ", and no " + packed_path + " either");
  }
};

static_assert(FileSource<GzipFiles>);

}  // namespace kd
