// SPDX-License-Identifier: MIT
#pragma once

#include "kd/data/dataset.hpp"
#include "kd/data/idx.hpp"

namespace kd {

/// The part to learn from and the part that is kept to measure.
enum class Split { train, test };

/// Reads MNIST, or a set that comes in the same four files (Fashion-MNIST, KMNIST): from `folder`
/// `train-images-idx3-ubyte` and `train-labels-idx1-ubyte`, or the two that begin with `t10k`.
///
/// The images stay bytes, (784, samples), and there are 10 classes. Throws `IoError` when a file
/// cannot be read, `FormatError` when it is not what it must be, `ShapeError` when there are not as
/// many labels as images; nothing is allocated before both headers are found good.
template <FileSource Files = PlainFiles>
Dataset load_mnist(const std::string& folder, Split split, const Files& files = {}) {
  constexpr Index classes = 10;
  std::string start = folder;
  if (!start.empty() && start.back() != '/') start += '/';
  start += split == Split::train ? "train" : "t10k";
  detail::IdxFile<Files> images(files, start + "-images-idx3-ubyte", detail::IdxContent::images);
  detail::IdxFile<Files> labels(files, start + "-labels-idx1-ubyte", detail::IdxContent::labels);
  if (images.count() != labels.count())
    throw ShapeError(detail::text("load_mnist: expected as many labels as images, got ",
                                  labels.count(), " labels in ", labels.path(), " for ",
                                  images.count(), " images in ", images.path()));
  Labels classes_of_samples = detail::read_labels(labels, classes);
  return Dataset(detail::read_images(images), std::move(classes_of_samples), classes);
}

}  // namespace kd
