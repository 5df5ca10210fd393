// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <kd/distill.hpp>
#include <string>
#include <vector>

#include "networks.hpp"

namespace compare {

using Teacher = example::Teacher;
using Narrow = example::Student;
using Wide = kd::Sequential<kd::Linear<784, 100>, kd::ReLU, kd::Linear<100, 100>, kd::ReLU,
                            kd::Linear<100, 10>>;

// The last hidden layer of each, behind its ReLU, where most methods on features look.
inline constexpr kd::Index teacher_features = 6;
inline constexpr kd::Index student_features = 4;

using Features = kd::CachedFeatures<Teacher, kd::Layers<teacher_features>>;

/// What a student can learn from.
struct Lesson {
  const kd::CachedTeacher<>& table;  ///< the teacher's logits, which is all that most methods need
  const Features& features;          ///< beside them its hidden features
  kd::Matrix<double> class_costs;    ///< how unlike it holds two classes
  const kd::Dataset& data;
  kd::Adam adam;
  kd::FitOptions options;
};

enum class Kind { alone, logits, features, scheme };

/// One way to train a student.
template <class Student>
struct Method {
  std::string name;  ///< as the library calls it
  Kind kind;
  std::string recipe;  ///< in words: what else the student learns from, figures of its own
  std::function<kd::FitReport(const Lesson&, kd::Network<Student>&)> train;
};

template <class Student>
std::vector<Method<Student>> logit_methods();
template <class Student>
std::vector<Method<Student>> feature_methods();
template <class Student>
std::vector<Method<Student>> schemes();

/// All of them; the student alone comes first.
template <class Student>
std::vector<Method<Student>> all_methods() {
  std::vector<Method<Student>> all = logit_methods<Student>();
  for (auto& method : feature_methods<Student>()) all.push_back(std::move(method));
  for (auto& method : schemes<Student>()) all.push_back(std::move(method));
  return all;
}

/// Trains the student with `methods`, added up.
template <class TeacherT, class Student, class... Methods>
kd::FitReport distil(const TeacherT& teacher, const Lesson& lesson, kd::Network<Student>& student,
                     const Methods&... methods) {
  kd::Distiller distiller(teacher, student, methods...);
  return distiller.fit(lesson.data, lesson.adam, lesson.options);
}

/// Several trainings in a row as one.
inline kd::FitReport joined(const std::vector<kd::FitReport>& stages) {
  kd::FitReport all;
  for (const kd::FitReport& stage : stages)
    all.epochs.insert(all.epochs.end(), stage.epochs.begin(), stage.epochs.end());
  return all;
}

}  // namespace compare
