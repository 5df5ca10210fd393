// SPDX-License-Identifier: MIT
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "kd/files/open_file.hpp"
#include "kd/files/write_all.hpp"
#include "kd/train/report.hpp"

namespace kd {

namespace detail {

/// A number as JSON has it, which knows no infinity and no NaN: those become null.
inline std::string json_number(double value) { return is_finite(value) ? text(value) : "null"; }

inline std::string json_string(std::string_view value) {
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      constexpr const char* digits = "0123456789abcdef";
      out += "\\u00";
      out += digits[static_cast<unsigned char>(c) >> 4];
      out += digits[static_cast<unsigned char>(c) & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace detail

/// A report as one JSON object, without an end of line: `epoch`, `epochs`, `loss`, `terms` (a list
/// of `name`, `value`, `weight`), `lr`, `seconds`, `validation` (`loss`, `accuracy`; null where
/// nothing was validated). What is not finite is null.
inline std::string to_json(const EpochReport& report) {
  using detail::json_number;
  std::string terms;
  for (const LossTerm& term : report.terms)
    terms += detail::text(terms.empty() ? "" : ",", "{\"name\":", detail::json_string(term.name),
                          ",\"value\":", json_number(term.value),
                          ",\"weight\":", json_number(term.weight), "}");
  std::string validation = "null";
  if (report.validation)
    validation = detail::text("{\"loss\":", json_number(report.validation->loss),
                              ",\"accuracy\":", json_number(report.validation->accuracy), "}");
  return detail::text("{\"epoch\":", report.epoch, ",\"epochs\":", report.epochs,
                      ",\"loss\":", json_number(report.loss), ",\"terms\":[", terms,
                      "],\"lr\":", json_number(report.lr),
                      ",\"seconds\":", json_number(report.seconds), ",\"validation\":", validation,
                      "}");
}

/// Appends every report to a file of JSON lines: `.on_epoch = MetricsFile("metrics.jsonl")`.
///
/// A line is one `write` to the end of the file, so that a run that is killed leaves whole lines,
/// and several may share a file. What is there stays; behind a line that was broken off all the
/// same (a full disk, a power cut) the next one begins a new line. Copies share the file. POSIX.
class MetricsFile {
 public:
  /// Opens the file, or makes it. Throws `IoError`.
  explicit MetricsFile(const std::string& path) : file_(std::make_shared<Opened>(path)) {}

  /// Throws `IoError` when the line cannot be written.
  void operator()(const EpochReport& report) const { file_->append(to_json(report) + '\n'); }

 private:
  class Opened {
   public:
    explicit Opened(std::string path)
        : path_(std::move(path)),
          descriptor_(::open(path_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666)) {
      if (descriptor_ < 0) throw IoError(path_, detail::errno_text(errno));
    }
    Opened(const Opened&) = delete;
    Opened& operator=(const Opened&) = delete;
    ~Opened() { ::close(descriptor_); }

    void append(const std::string& line) {
      const std::string whole = !is_whole_ && ends_within_a_line() ? '\n' + line : line;
      is_whole_ = false;
      if (const int error = detail::write_all(descriptor_, whole); error != 0)
        throw IoError(path_, detail::errno_text(error));
      is_whole_ = true;
    }

   private:
    /// A pipe or a terminal does not say what is there.
    bool ends_within_a_line() const {
      struct stat status {};
      if (::fstat(descriptor_, &status) != 0) throw IoError(path_, detail::errno_text(errno));
      if (!S_ISREG(status.st_mode) || status.st_size == 0) return false;
      char last = '\n';
      if (::pread(descriptor_, &last, 1, status.st_size - 1) < 0)
        throw IoError(path_, detail::errno_text(errno));
      return last != '\n';
    }

    std::string path_;
    int descriptor_;
    bool is_whole_ = false;  ///< what is there ends with a line of ours
  };

  std::shared_ptr<Opened> file_;
};

}  // namespace kd
