// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>

#include "kd/distill/tap.hpp"
#include "kd/nn/conv2d.hpp"
#include "kd/nn/linear.hpp"
#include "kd/nn/sequential.hpp"

namespace kd::detail {

/// A 1 x 1 convolution: one linear map of the channels for all places of a map.
using Convolution1x1 = Sequential<Image<>, Conv2d<>>;

inline Convolution1x1 convolution_1x1(const Shape& in, Index channels) {
  return Convolution1x1(Image<>(in.channels, in.height, in.width), Conv2d<>(channels));
}

/// What makes a teacher's features of a student's: between maps of one size a 1 x 1 convolution,
/// else a linear map of all features. Where only run time knows the shapes, the convolution is the
/// linear map if it has maps of one element.
template <bool are_maps>
using Regressor = std::conditional_t<are_maps, Convolution1x1, Sequential<Linear<>>>;

template <class R>
R make_regressor(const Shape& student, const Shape& teacher) {
  if constexpr (std::is_same_v<R, Convolution1x1>) {
    if (are_maps_of_one_size(student, teacher)) return convolution_1x1(student, teacher.channels);
    return convolution_1x1({student.features()}, teacher.features());
  } else {
    return R(Linear<>(student.features(), teacher.features()));
  }
}

}  // namespace kd::detail
