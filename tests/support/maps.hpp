// SPDX-License-Identifier: MIT
#pragma once

#include "kd/nn/conv2d.hpp"
#include "kd/nn/image.hpp"
#include "kd/nn/pool.hpp"
#include "kd/nn/relu.hpp"
#include "support/features.hpp"

namespace kd::test {

/// Small networks of images: maps of 4 x 3 behind layers 1 and 2, 4 classes.
using MapTeacher =
    Sequential<Image<2, 4, 3>, Conv2d<5, 3, Window{.pad = 1}>, ReLU, GlobalAvgPool, Linear<5, 4>>;
using MapStudent =
    Sequential<Image<2, 4, 3>, Conv2d<3, 3, Window{.pad = 1}>, ReLU, GlobalAvgPool, Linear<3, 4>>;

/// What layer 1 of these networks gives is of any shape.
using AnyMaps = Sequential<Image<>, Conv2d<>>;

inline AnyMaps any_maps(const Shape& shape) {
  return AnyMaps(Image<>(1, shape.height, shape.width), Conv2d<>(shape.channels));
}

/// Runs a method with taps at layer 1 on maps that are given, as `OnFeatures` does.
template <class M>
OnFeatures<M, AnyMaps> make_on_maps(const M& method, const Shape& student, const Shape& teacher,
                                    Index capacity) {
  return {method, any_maps(student), any_maps(teacher), capacity};
}

}  // namespace kd::test
