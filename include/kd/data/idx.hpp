// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>

#include "kd/core/matrix.hpp"
#include "kd/data/dataset.hpp"
#include "kd/data/idx_file.hpp"

namespace kd {

namespace detail {

template <FileSource Files>
Bytes read_images(IdxFile<Files>& file) {
  Bytes images(file.features(), file.count());
  file.read(images.data(), images.size());
  file.finish();
  return images;
}

/// Throws `FormatError` where a label is outside `[0, classes)`.
template <FileSource Files>
Labels read_labels(IdxFile<Files>& file, Index classes) {
  Labels labels(file.count());
  std::array<std::uint8_t, 4096> part{};
  for (Index first = 0; first < labels.size();) {
    const Index count = std::min(labels.size() - first, static_cast<Index>(part.size()));
    const std::uint64_t at = file.offset();
    file.read(part.data(), count);
    for (Index i = 0; i < count; ++i) {
      const Label label = part[static_cast<std::size_t>(i)];
      if (label >= classes)
        throw FormatError(
            file.path(), at + static_cast<std::uint64_t>(i),
            text("label of sample ", first + i, ": expected 0 to ", classes - 1, ", got ", label));
      labels(first + i) = label;
    }
    first += count;
  }
  file.finish();
  return labels;
}

}  // namespace detail

/// Reads an IDX file of 8-bit images (magic number 0x00000803): (rows * columns, samples), each
/// column the pixels of an image, row after row.
///
/// Throws `IoError` when the file cannot be read, `FormatError` when it is not exactly such a file;
/// what the header claims is compared with the size of the file before it is believed. The offsets
/// of a compressed file count its content.
template <FileSource Files = PlainFiles>
Bytes load_idx_images(const std::string& path, const Files& files = {}) {
  detail::IdxFile<Files> file(files, path, detail::IdxContent::images);
  return detail::read_images(file);
}

/// Reads an IDX file of labels (magic number 0x00000801), each in `[0, classes)`. Throws as above.
template <FileSource Files = PlainFiles>
Labels load_idx_labels(const std::string& path, const Files& files = {}, Index classes = 256) {
  detail::IdxFile<Files> file(files, path, detail::IdxContent::labels);
  return detail::read_labels(file, classes);
}

}  // namespace kd
