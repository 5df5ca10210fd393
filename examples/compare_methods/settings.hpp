// SPDX-License-Identifier: MIT
#pragma once

#include <kd/distill.hpp>

#include "image_networks.hpp"
#include "networks.hpp"

/// What is compared on: a teacher and its students.
namespace compare {

/// Networks of vectors: the article's.
struct Vectors {
  using Teacher = example::Teacher;
  using Narrow = example::Student;
  using Wide = kd::Sequential<kd::Linear<784, 100>, kd::ReLU, kd::Linear<100, 100>, kd::ReLU,
                              kd::Linear<100, 10>>;
  /// Between the teacher and either student.
  using Assistant = kd::Sequential<kd::Linear<784, 300>, kd::ReLU, kd::Linear<300, 300>, kd::ReLU,
                                   kd::Linear<300, 10>>;

  // The last hidden layer of each, behind its ReLU, where most methods on features look.
  static constexpr kd::Index teacher_features = 6;
  static constexpr kd::Index student_features = 4;
  using Kept = kd::Layers<teacher_features>;

  static constexpr const char* narrow_name = "784-20-20-10";
  static constexpr const char* wide_name = "784-100-100-10";
  static constexpr const char* assistant_name = "784-300-300-10";

  static kd::Adam teacher_adam(double lr) { return kd::Adam{{.lr = lr}}; }
  static kd::Augment augmentation() { return {}; }
};

/// Networks of images: a ResNet and a DS-CNN.
struct Images {
  using Teacher = example::images::Teacher;
  using Student = example::images::Student;
  /// A ResNet with half the teacher's channels, 78,170 parameters.
  using Assistant =
      kd::Sequential<kd::Image<1, 28, 28>, example::images::Conv<16, 3, 2>, kd::BatchNorm, kd::ReLU,
                     example::images::Block<16>, kd::ReLU, example::images::Halving<32>, kd::ReLU,
                     example::images::Halving<64>, kd::ReLU, kd::GlobalAvgPool, kd::Linear<64, 10>>;

  // In the middle of each: 64 maps of 7 x 7.
  static constexpr kd::Index teacher_middle = 19;
  static constexpr kd::Index student_middle = 21;
  // What the means are taken of: 128 maps of 4 x 4, and 64 of 7 x 7.
  static constexpr kd::Index teacher_last = 28;
  static constexpr kd::Index student_last = 33;
  using Kept = kd::Layers<teacher_middle, teacher_last>;

  static constexpr const char* student_name = "DS-CNN";
  static constexpr const char* assistant_name = "a ResNet of half its channels";

  static kd::Adam teacher_adam(double lr) {
    return kd::Adam{{.lr = lr, .weight_decay = 5e-4, .decay_biases = false}};
  }
  /// Images of clothes and of digits may be moved.
  static kd::Augment augmentation() {
    return kd::AugmentImages(kd::Shape{1, 28, 28}, kd::RandomShift{{.pixels = 2}});
  }
};

namespace detail {

template <class Student>
struct SettingOf {
  using Type = Vectors;
};
template <>
struct SettingOf<Images::Student> {
  using Type = Images;
};

}  // namespace detail

/// Where a student belongs.
template <class Student>
using Setting = typename detail::SettingOf<Student>::Type;

}  // namespace compare
