// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "kd/core/error.hpp"

namespace kd::detail {

/// What stands before, between and behind the files of a zip archive that holds them as they are.
/// Sizes and places beyond 32 bits, and more than 65534 files, are written as zip64. Source:
/// PKWARE's APPNOTE 6.3.10, sections 4.3 and 4.5.3.
class ZipHeaders {
 public:
  /// `always_wide` writes as zip64 what need not be, so that small archives can show it.
  explicit ZipHeaders(bool always_wide = false) : always_wide_(always_wide) {}

  /// What stands before a file. Names other than ASCII are UTF-8.
  std::string before(std::string_view name, std::uint64_t size, std::uint32_t crc) {
    bool ascii = true;
    for (const char c : name) ascii = ascii && static_cast<unsigned char>(c) < 0x80;
    const bool wide = is_wide(size);
    std::string common;
    add<2>(common, wide || is_wide(at_) ? 45 : 20);  // the version of zip that reads it
    add<2>(common, ascii ? 0 : 1u << 11u);
    add<2>(common, 0);     // stored
    add<2>(common, 0);     // the time, always the same: what is equal gives equal files
    add<2>(common, 0x21);  // the first day of 1980, where these dates begin
    add<4>(common, crc);
    add<4>(common, narrow(size));
    add<4>(common, narrow(size));
    add<2>(common, name.size());

    std::string extra;
    if (wide) {
      add<8>(extra, size);
      add<8>(extra, size);
    }
    std::string header = "PK\x03\x04" + common;
    add_extra(header, extra, name);

    if (is_wide(at_)) add<8>(extra, at_);
    entries_ += "PK\x01\x02";
    add<2>(entries_, 45 | unix_files << 8);  // the version that it is written by
    entries_ += common;
    std::string place;  // behind the lengths, and before the name
    add<2>(place, 0);   // no comment
    add<2>(place, 0);   // one disk
    add<2>(place, 0);   // no inner attributes
    add<4>(place, 0100644u << 16u);
    add<4>(place, narrow(at_));
    add_extra(entries_, extra, place + std::string(name));

    ++count_;
    at_ += header.size() + size;
    return header;
  }

  /// What stands behind the last file.
  std::string behind() const {
    std::string all = entries_;
    const std::uint64_t size = entries_.size();
    if (always_wide_ || count_ >= 0xffffu || is_wide(size) || is_wide(at_)) {
      all += "PK\x06\x06";
      add<8>(all, 44);  // what follows of this record
      add<2>(all, 45);
      add<2>(all, 45);
      add<8>(all, 0);  // one disk
      add<8>(all, count_);
      add<8>(all, count_);
      add<8>(all, size);
      add<8>(all, at_);
      all += "PK\x06\x07";
      add<4>(all, 0);
      add<8>(all, at_ + size);
      add<4>(all, 1);
    }
    const std::uint64_t count = always_wide_ || count_ >= 0xffffu ? 0xffffu : count_;
    all += "PK\x05\x06";
    add<4>(all, 0);  // one disk
    add<2>(all, count);
    add<2>(all, count);
    add<4>(all, narrow(size));
    add<4>(all, narrow(at_));
    add<2>(all, 0);  // no comment
    return all;
  }

 private:
  static constexpr unsigned unix_files = 3;           ///< whose attributes are those of `stat`
  static constexpr std::uint64_t most = 0xffffffffu;  ///< says that the number stands elsewhere

  bool is_wide(std::uint64_t number) const { return always_wide_ || number >= most; }
  std::uint64_t narrow(std::uint64_t number) const { return is_wide(number) ? most : number; }

  /// Little-endian.
  template <int Bytes>
  static void add(std::string& to, std::uint64_t number) {
    for (int i = 0; i < Bytes; ++i)
      to += static_cast<char>(static_cast<unsigned char>(number >> (8 * i)));
  }

  /// The length of the zip64 field, what stands between, and the field.
  static void add_extra(std::string& to, const std::string& numbers, std::string_view between) {
    constexpr std::uint64_t kind = 1;
    add<2>(to, numbers.empty() ? 0 : numbers.size() + 4);
    to += between;
    if (numbers.empty()) return;
    add<2>(to, kind);
    add<2>(to, numbers.size());
    to += numbers;
  }

  bool always_wide_;
  std::uint64_t at_ = 0;     ///< bytes so far, those of the files too
  std::uint64_t count_ = 0;  ///< files so far
  std::string entries_;      ///< of the directory
};

}  // namespace kd::detail
