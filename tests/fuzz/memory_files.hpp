// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <cstdio>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "fuzz/target.hpp"
#include "kd/core/matrix.hpp"
#include "kd/data/idx.hpp"
#include "support/idx.hpp"

namespace kd::fuzz {

/// A `FileSource` of `Stream`s whose only file is bytes in memory.
template <class Stream>
struct MemoryFiles {
  std::span<const std::byte> bytes;

  Stream open(const std::string& path) const {
    // Opened to read; nothing is written to it.
    detail::File stream(fmemopen(const_cast<std::byte*>(bytes.data()), bytes.size(), "rb"));
    if (!stream) throw IoError(path, detail::errno_text(errno));
    if constexpr (std::is_same_v<Stream, detail::PlainStream>)
      return Stream(path, std::move(stream));
    else
      return Stream(detail::PlainStream(path, std::move(stream)));
  }
};

using PlainMemory = MemoryFiles<detail::PlainStream>;

/// What was read is an IDX file again when it is written, and its content the same.
inline void check_images(const Bytes& images) {
  std::string written = test::idx_header(0x803, {static_cast<std::uint32_t>(images.cols()),
                                                 static_cast<std::uint32_t>(images.rows()), 1});
  written.append(reinterpret_cast<const char*>(images.data()),
                 static_cast<std::size_t>(images.size()));
  const Bytes again = read_again(
      [&] { return load_idx_images(file, PlainMemory{std::as_bytes(std::span(written))}); });
  expect(again.rows() == images.rows() && again == images, "images that are written are others");
}

inline void check_labels(const Labels& labels) {
  std::string written = test::idx_header(0x801, {static_cast<std::uint32_t>(labels.size())});
  for (Index i = 0; i < labels.size(); ++i) {
    expect(labels(i) >= 0 && labels(i) < 256, "a label is outside its classes");
    written += static_cast<char>(static_cast<unsigned char>(labels(i)));
  }
  const Labels again = read_again(
      [&] { return load_idx_labels(file, PlainMemory{std::as_bytes(std::span(written))}); });
  expect(again.size() == labels.size() && again == labels, "labels that are written are others");
}

/// Reads a file of images or of labels.
template <class Files>
void check_idx(const Files& files) {
  try {
    check_images(load_idx_images(file, files));
  } catch (const FormatError&) {
    check_labels(load_idx_labels(file, files));
  }
}

}  // namespace kd::fuzz
