// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kd/files/byte_reader.hpp"

namespace kd::detail {

/// What a zip archive's directory says of one file in it.
struct ZipEntry {
  std::uint16_t flags = 0, method = 0;
  std::uint32_t crc = 0;
  std::uint64_t packed = 0, size = 0;  ///< bytes in the archive, and unpacked
  std::uint64_t at = 0;                ///< of its local header
  std::uint64_t begin = 0;             ///< of its bytes
};

/// The directory of a zip archive. It stands at the end; what the files' own headers say has to
/// agree with it, and no file may reach into another. Source: PKWARE's APPNOTE 6.3.10, sections 4.3
/// and 4.5.3.
class ZipDirectory {
 public:
  ZipDirectory(std::span<const std::byte> bytes, std::string path)
      : bytes_(bytes), path_(std::move(path)) {}

  std::map<std::string, ZipEntry> read() const {
    constexpr std::uint64_t end_size = 22;
    constexpr std::uint64_t longest_comment = 65535;
    if (bytes_.size() < end_size) fail(0, "expected a zip archive (.npz), got less");
    std::uint64_t end = bytes_.size() - end_size;
    const std::uint64_t first = end > longest_comment ? end - longest_comment : 0;
    while (at(end).number<std::uint32_t>("a signature") != 0x06054b50u) {
      if (end == first)
        fail(0, "expected a zip archive (.npz), got none, or not all of it: its end is missing");
      --end;
    }
    ByteReader reader = at(end + 4);
    const auto disk = reader.number<std::uint16_t>("the disk");
    const auto first_disk = reader.number<std::uint16_t>("the disk");
    if (disk != 0 || first_disk != 0) fail(end, "expected an archive of one part");
    reader.take(2, "a count");
    std::uint64_t count = reader.number<std::uint16_t>("a count");
    std::uint64_t size = reader.number<std::uint32_t>("the directory's size");
    std::uint64_t begin = reader.number<std::uint32_t>("the directory's place");
    if (count == 0xffffu || size == 0xffffffffu || begin == 0xffffffffu)
      read_wide_end(end, count, size, begin);
    if (begin > end || size > end - begin) fail(end, "the directory is not within the archive");
    return read_entries(begin, size, count);
  }

 private:
  [[noreturn]] void fail(std::uint64_t where, const std::string& what) const {
    throw FormatError(path_, where, what);
  }
  ByteReader at(std::uint64_t where) const {
    ByteReader reader(path_, bytes_);
    reader.take(where, "what is before");
    return reader;
  }

  void read_wide_end(std::uint64_t end, std::uint64_t& count, std::uint64_t& size,
                     std::uint64_t& begin) const {
    if (end < 20) fail(end, "the zip64 directory is missing");
    ByteReader locator = at(end - 20);
    if (locator.number<std::uint32_t>("a signature") != 0x07064b50u)
      fail(end - 20, "the zip64 directory is missing");
    locator.take(4, "the disk");
    const auto wide = locator.number<std::uint64_t>("the zip64 directory's place");
    if (wide > end) fail(end - 20, "the zip64 directory is not within the archive");
    ByteReader reader = at(wide);
    if (reader.number<std::uint32_t>("a signature") != 0x06064b50u)
      fail(wide, "the zip64 directory is missing");
    reader.take(28, "the zip64 directory");
    count = reader.number<std::uint64_t>("a count");
    size = reader.number<std::uint64_t>("the directory's size");
    begin = reader.number<std::uint64_t>("the directory's place");
  }

  std::map<std::string, ZipEntry> read_entries(std::uint64_t begin, std::uint64_t size,
                                               std::uint64_t count) const {
    std::map<std::string, ZipEntry> entries;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
    ByteReader reader = at(begin);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t from = reader.offset();
      if (from - begin >= size) fail(from, text("expected ", count, " files, got ", i));
      if (reader.number<std::uint32_t>("a signature") != 0x02014b50u)
        fail(from, "expected an entry of the directory");
      ZipEntry entry;
      reader.take(4, "versions");
      entry.flags = reader.number<std::uint16_t>("flags");
      entry.method = reader.number<std::uint16_t>("the method");
      reader.take(4, "the time");
      entry.crc = reader.number<std::uint32_t>("the checksum");
      entry.packed = reader.number<std::uint32_t>("a size");
      entry.size = reader.number<std::uint32_t>("a size");
      const auto name_length = reader.number<std::uint16_t>("a length");
      const auto extra_length = reader.number<std::uint16_t>("a length");
      const auto comment_length = reader.number<std::uint16_t>("a length");
      reader.take(8, "attributes");
      entry.at = reader.number<std::uint32_t>("a place");
      const std::string name(reader.take_text(name_length, "a name"));
      read_wide(reader.take(extra_length, "extra fields"), reader.offset() - extra_length,
                {&entry.size, &entry.packed, &entry.at});
      reader.take(comment_length, "a comment");
      check_name(name, from);
      if ((entry.flags & 1u) != 0) fail(from, name + " is encrypted");
      if (entry.method != 0 && entry.method != 8)
        fail(from, text(name, ": expected it stored or deflated, got method ", entry.method));
      check_local(name, entry, begin);
      ranges.emplace_back(entry.at, entry.begin + entry.packed);
      if (!entries.emplace(name, entry).second) fail(from, name + " is there twice");
    }
    if (reader.offset() - begin != size) fail(reader.offset(), "expected the directory's end");
    std::sort(ranges.begin(), ranges.end());
    for (std::size_t i = 1; i < ranges.size(); ++i)
      if (ranges[i].first < ranges[i - 1].second) fail(ranges[i].first, "two files overlap");
    return entries;
  }

  void check_name(const std::string& name, std::uint64_t from) const {
    if (name.empty() || name.front() == '/' || name.find("..") != std::string::npos ||
        name.find('\\') != std::string::npos || name.find('\0') != std::string::npos)
      fail(from, "expected the name of an array, got another path");
  }

  /// Reads those of the numbers that do not fit 32 bits from the zip64 field.
  void read_wide(std::span<const std::byte> extra, std::uint64_t from,
                 std::initializer_list<std::uint64_t*> numbers) const {
    ByteReader reader(path_, extra);
    while (reader.left() >= 4) {
      const auto kind = reader.number<std::uint16_t>("a kind");
      const auto length = reader.number<std::uint16_t>("a length");
      if (length > reader.left()) fail(from, "an extra field reaches beyond its entry");
      ByteReader field(path_, reader.take(length, "an extra field"));
      if (kind != 1) continue;
      for (std::uint64_t* number : numbers)
        if (*number == 0xffffffffu && field.left() >= 8)
          *number = field.number<std::uint64_t>("a size");
    }
  }

  /// Compares with what stands before the file itself, and finds where its bytes begin.
  void check_local(const std::string& name, ZipEntry& entry, std::uint64_t directory) const {
    if (entry.at >= directory) fail(directory, name + " is not within the archive");
    ByteReader reader = at(entry.at);
    if (reader.number<std::uint32_t>("a signature") != 0x04034b50u)
      fail(entry.at, "expected the header of " + name);
    reader.take(2, "the version");
    const auto flags = reader.number<std::uint16_t>("flags");
    const auto method = reader.number<std::uint16_t>("the method");
    reader.take(4, "the time");
    const auto crc = reader.number<std::uint32_t>("the checksum");
    std::uint64_t packed = reader.number<std::uint32_t>("a size");
    std::uint64_t size = reader.number<std::uint32_t>("a size");
    const auto name_length = reader.number<std::uint16_t>("a length");
    const auto extra_length = reader.number<std::uint16_t>("a length");
    const std::string_view own = reader.take_text(name_length, "a name");
    read_wide(reader.take(extra_length, "extra fields"), entry.at, {&size, &packed});
    const bool follows = (flags & 8u) != 0;  // sizes and checksum come behind the bytes
    if (own != name || method != entry.method || flags != entry.flags ||
        (!follows && (crc != entry.crc || packed != entry.packed || size != entry.size)))
      fail(entry.at, text("what stands before ", name, " is not what the directory says of it"));
    entry.begin = reader.offset();
    if (entry.begin > directory || entry.packed > directory - entry.begin)
      fail(entry.at, name + " reaches into the directory");
    // No byte of deflate gives more.
    if (entry.method == 0 ? entry.size != entry.packed : entry.size / 1032 > entry.packed)
      fail(entry.at, text(name, ": ", entry.packed, " bytes cannot hold ", entry.size));
  }

  std::span<const std::byte> bytes_;
  std::string path_;
};

}  // namespace kd::detail
