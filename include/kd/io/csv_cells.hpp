// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kd/core/error.hpp"

namespace kd::detail {

/// The cells of a CSV file, line by line. Source: RFC 4180, and the byte order mark that some
/// programs put first.
///
/// A parser of kd's own, since of those in Debian 12 fast-cpp-csv-parser (libfccp-dev) has to know
/// the number of columns when it is compiled and libcsv is C with callbacks; rapidcsv and
/// csv-parser are not there.
class CsvCells {
 public:
  CsvCells(std::span<const std::byte> bytes, std::string path, char separator)
      : text_(reinterpret_cast<const char*>(bytes.data()), bytes.size()),
        path_(std::move(path)),
        separator_(separator) {
    if (separator == '"' || separator == '\n' || separator == '\r')
      throw ConfigError("CsvOptions: separator must be neither a quote nor the end of a line");
    constexpr std::string_view mark = "\xef\xbb\xbf";
    if (text_.substr(0, mark.size()) == mark) at_ = mark.size();
  }

  /// Complains about the row that was read last.
  [[noreturn]] void fail(const std::string& what) const {
    throw FormatError(path_, row_at_, text("line ", row_line_, ", ", what));
  }

  /// Whether there was another row; empty lines are none.
  bool next_row(std::vector<std::string>& cells) {
    cells.clear();
    while (at_ < text_.size() && take_line_end()) continue;
    row_at_ = at_;
    row_line_ = line_;
    if (at_ == text_.size()) return false;
    do cells.push_back(cell());
    while (take(separator_));
    if (at_ < text_.size() && !take_line_end())
      fail(text("expected the end of a cell behind its closing quote, got ", text_[at_]));
    return true;
  }

 private:
  static constexpr const char* zero_byte = "a zero byte: this is no text";

  bool take(char wanted) {
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  bool take_line_end() {
    const bool returned = take('\r');
    const bool ended = take('\n') || returned;
    if (ended) ++line_;
    return ended;
  }

  std::string cell() {
    if (!take('"')) {
      const std::size_t from = at_;
      while (at_ < text_.size() && text_[at_] != separator_ && text_[at_] != '\n' &&
             text_[at_] != '\r') {
        if (text_[at_] == '"') fail("a quote within a cell: quote the cell and double the quote");
        if (text_[at_] == '\0') fail(zero_byte);
        ++at_;
      }
      return std::string(text_.substr(from, at_ - from));
    }
    std::string content;
    while (true) {
      if (at_ == text_.size()) fail("a quoted cell does not end");
      const char next = text_[at_++];
      if (next == '\n') ++line_;
      if (next == '"' && !take('"')) return content;
      if (next == '\0') fail(zero_byte);
      content += next;
    }
  }

  std::string_view text_;
  std::string path_;
  char separator_;
  std::size_t at_ = 0;
  std::uint64_t line_ = 1;
  std::size_t row_at_ = 0;
  std::uint64_t row_line_ = 1;
};

}  // namespace kd::detail
