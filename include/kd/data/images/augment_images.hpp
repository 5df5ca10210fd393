// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "kd/core/each_option.hpp"
#include "kd/core/parallel.hpp"
#include "kd/cpu/scratch.hpp"
#include "kd/data/augment.hpp"
#include "kd/data/images/augmented_image.hpp"

namespace kd {

/// A change of one image: `apply(image, rng) const`, with numbers from `rng` alone. It may have
/// `room(shape)`, the floats that it needs beside the image, and options, which tell a checkpoint
/// what it does.
template <class Part>
concept ImageAugmentation = requires(const Part& part, const AugmentedImage& image, Rng rng) {
  part.apply(image, rng);
};

/// Changes images at random, by one part after the other, each sample on its own:
///
///     options.augment = kd::AugmentImages(kd::Shape{1, 28, 28}, kd::RandomShift{{.pixels = 2}},
///                                         kd::RandomRotation{{.degrees = 10}});
///
/// What happens to a sample is a function of seed, epoch, sample and part alone: neither threads
/// nor the size of a batch change it. Nothing is allocated once it has been used.
template <ImageAugmentation... Parts>
class AugmentImages {
 public:
  /// Throws `ShapeError` when a size of the shape is not positive.
  explicit AugmentImages(const Shape& shape, Parts... parts)
      : shape_(shape), parts_(std::move(parts)...) {
    if (std::min({shape.channels, shape.height, shape.width}) < 1)
      throw ShapeError(detail::text("AugmentImages: sizes must be positive, got ", shape.channels,
                                    " x ", shape.height, " x ", shape.width));
    for_each([&](const auto& part) {
      if constexpr (requires { part.room(shape); }) room_ = std::max(room_, part.room(shape));
    });
  }

  const Shape& shape() const { return shape_; }

  /// Changes each column of `batch.inputs`: (channels * height * width, batch).
  void operator()(const AugmentedBatch& batch) const {
    const double work =
        10.0 * static_cast<double>(sizeof...(Parts)) * static_cast<double>(shape_.features());
    parallel_for(batch.inputs.cols, work, [&](Index column) {
      const AugmentedImage image{batch.inputs.data + column * shape_.features(), shape_,
                                 cpu::scratch<float>(room_)};
      const Rng rng = batch.rng(column);
      std::uint64_t index = 0;
      for_each([&](const auto& part) { part.apply(image, rng.stream(index++)); });
    });
  }

  /// "1 x 28 x 28, RandomShift pixels 2, Cutout size 8"
  std::string describe() const {
    std::string all = detail::describe_shape(shape_);
    for_each([&](const auto& part) {
      if constexpr (requires { part.name; })
        all += detail::text(", ", part.name);
      else
        all += ", a part without a name";
      detail::for_each_option(part, [&](const std::string& name, const auto& value) {
        if constexpr (std::is_enum_v<std::remove_cvref_t<decltype(value)>>)
          all += detail::text(' ', name, ' ', static_cast<int>(value));
        else
          all += detail::text(' ', name, ' ', value);
      });
    });
    return all;
  }

 private:
  template <class F>
  void for_each(F&& f) const {
    std::apply([&](const auto&... part) { (f(part), ...); }, parts_);
  }

  Shape shape_;
  std::tuple<Parts...> parts_;
  Index room_ = 0;
};

}  // namespace kd
