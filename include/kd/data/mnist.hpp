// SPDX-License-Identifier: MIT
#pragma once

#include "kd/data/dataset.hpp"
#include "kd/data/idx.hpp"
#include "kd/data/mnist_files.hpp"

namespace kd {

/// Reads MNIST, or a set that comes in the same format: Fashion-MNIST, KMNIST, EMNIST, QMNIST. From
/// `folder` it takes `train-images-idx3-ubyte` and `train-labels-idx1-ubyte`, or the two that begin
/// with `t10k`; else EMNIST's or QMNIST's by their names, such as `emnist-digits-test-...`. Where a
/// folder holds several of EMNIST's sets, the name of one stands behind it: `gzip/emnist-letters`.
///
/// The images stay bytes, (784, samples), row after row (EMNIST's own files: column after column).
/// There are 10 classes, in EMNIST's balanced and bymerge sets 47, in byclass 62, in letters 26,
/// which count from 0 here. Throws `MissingFile` when there is no such file, `IoError` when one
/// cannot be read or there are several sets, `FormatError` when it is not what it must be,
/// `ShapeError` when there are not as many labels as images; nothing is allocated before both
/// headers are found good.
template <FileSource Files = PlainFiles>
Dataset load_mnist(const std::string& folder, Split split, const Files& files = {}) {
  const detail::MnistFiles part = detail::MnistFinder<Files>(files, split).find(folder);
  detail::IdxFile<Files> images(files, part.images, detail::IdxContent::images);
  detail::IdxFile<Files> labels(files, part.labels, detail::IdxContent::labels);
  if (images.count() != labels.count())
    throw ShapeError(detail::text("load_mnist: expected as many labels as images, got ",
                                  labels.count(), " labels in ", labels.path(), " for ",
                                  images.count(), " images in ", images.path()));
  Labels classes_of_samples = detail::read_labels(labels, part.classes, part.first_class);
  return Dataset(detail::read_images(images), std::move(classes_of_samples), part.classes);
}

}  // namespace kd
