// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <new>

#include "kd/core/labels.hpp"
#include "kd/core/matrix.hpp"
#include "kd/data/idx_file.hpp"
#include "kd/data/to_inputs.hpp"

namespace kd {

namespace detail {

/// Reads what `read` reads. What does not fit in memory is an `IoError` that names the file.
template <FileSource Files, class Read>
auto read_within_memory(IdxFile<Files>& file, Read read) {
  try {
    return read();
  } catch (const std::bad_alloc&) {
    throw IoError(file.path(), text("not enough memory for ", file.count(), " samples of ",
                                    file.sample_size(), " bytes"));
  }
}

/// Makes room for some of `total` elements more, up to twice as many as there are: a compressed
/// file may claim a thousand times what it holds, and cannot be asked for it but by reading.
template <class Row>
void grow(Row& row, Index total) {
  constexpr Index first = Index{1} << 20;
  row.conservativeResize(1, std::min(total, std::max(2 * row.size(), first)));
}

template <FileSource Files>
Bytes read_images(IdxFile<Files>& file) {
  return read_within_memory(file, [&] {
    const Index size = file.features() * file.count();
    Bytes images(1, 0);
    while (images.size() < size) {
      const Index have = images.size();
      grow(images, size);
      file.read(images.data() + have, images.size() - have);
    }
    file.finish();
    images.resize(file.features(), file.count());  // as many as before: they stay
    return images;
  });
}

/// Throws `FormatError` where a label is outside `[first, first + classes)`; returns it counted
/// from 0.
template <FileSource Files>
Labels read_labels(IdxFile<Files>& file, Index classes, Label first = 0) {
  return read_within_memory(file, [&] {
    const std::uint64_t start = file.offset();
    const Index step = file.sample_size();
    std::array<std::uint8_t, 4096> part{};
    Eigen::Matrix<Label, 1, Eigen::Dynamic> labels;
    for (Index done = 0; done < file.count();) {
      const Index count = std::min(file.count() - done, static_cast<Index>(part.size()) / step);
      file.read(part.data(), count * step);
      if (done + count > labels.size()) grow(labels, file.count());
      for (Index i = 0; i < count; ++i) {
        const std::uint8_t* element = &part[static_cast<std::size_t>(i * step)];
        labels(done + i) =
            file.element_size() == 1 ? *element : static_cast<Label>(big_endian(element));
      }
      done += count;
    }
    file.finish();
    if (const auto fault = find_label_fault({labels.data(), labels.size()}, classes, first))
      throw FormatError(file.path(), start + static_cast<std::uint64_t>(fault->sample * step),
                        fault->message);
    Labels counted(labels.size());
    for (Index i = 0; i < labels.size(); ++i) counted.data()[i] = labels.data()[i] - first;
    return counted;
  });
}

}  // namespace detail

/// Reads an IDX file of 8-bit images (magic number 0x00000803): (rows * columns, samples), each
/// column the pixels of an image, row after row.
///
/// Throws `IoError` when the file cannot be read or held in memory, `FormatError` when it is not
/// exactly such a file; what the header claims is compared with the size of the file before it is
/// believed. The offsets of a compressed file count its content.
template <FileSource Files = PlainFiles>
Bytes load_idx_images(const std::string& path, const Files& files = {}) {
  detail::IdxFile<Files> file(files, path, detail::IdxContent::images);
  return detail::read_images(file);
}

/// Reads an IDX file of labels, each in `[0, classes)`: of bytes (magic number 0x00000801) or of
/// 32-bit integers (0x00000C01), also with QMNIST's eight columns (0x00000C02), of which the first
/// is the class. Throws as above.
template <FileSource Files = PlainFiles>
Labels load_idx_labels(const std::string& path, const Files& files = {}, Index classes = 256) {
  detail::IdxFile<Files> file(files, path, detail::IdxContent::labels);
  return detail::read_labels(file, classes);
}

}  // namespace kd
