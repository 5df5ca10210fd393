// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "kd/distill.hpp"

/// What all benchmarks work on: the two networks of the MNIST recipes and 60,000 images.
namespace setting {

using Teacher = kd::Sequential<kd::Linear<784, 1200>, kd::Dropout, kd::ReLU,   //
                               kd::Linear<1200, 1200>, kd::Dropout, kd::ReLU,  //
                               kd::Linear<1200, 10>>;
using Student = kd::Sequential<kd::Linear<784, 20>, kd::ReLU,  //
                               kd::Linear<20, 20>, kd::ReLU,   //
                               kd::Linear<20, 10>>;

inline constexpr kd::Index batch_size = 32;
inline constexpr double lr = 1e-4;

/// Both parts of distillation with the weights of the recipe.
inline kd::SoftTargets soft_targets() {
  return kd::SoftTargets{{.temperature = 7, .hard_weight = 0.3, .soft_weight = 0.7}};
}

/// Reads MNIST's training images from `folder`, plain or gzip'ed; makes up a set of the same size
/// when it is empty. Must be called before anything below; returns a sentence on what it did.
std::string choose_images(const std::string& folder);

/// 60,000 images of 8 bits.
const kd::Dataset& images();

/// The same images as floats: (784, 60,000).
const kd::Matrix<float>& float_images();

/// A live teacher, untrained: what its weights are changes nothing about the time.
const kd::Network<Teacher>& teacher();

/// That teacher's logits for every image.
inline const auto& cached_teacher() {
  static const kd::CachedTeacher cache(teacher(), images());
  return cache;
}

}  // namespace setting
