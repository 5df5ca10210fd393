// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <kd/distill.hpp>
#include <string>
#include <vector>

#include "settings.hpp"

namespace compare {

/// What a student can learn from.
template <class Student>
struct Lesson {
  using Teacher = typename Setting<Student>::Teacher;
  using Features = kd::CachedFeatures<Teacher, typename Setting<Student>::Kept>;

  const kd::Network<Teacher>& teacher;
  const kd::CachedTeacher<>& table;  ///< its logits, which is all that most methods need
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
  std::function<kd::FitReport(const Lesson<Student>&, kd::Network<Student>&)> train;
};

template <class Student>
std::vector<Method<Student>> logit_methods();
template <class Student>
std::vector<Method<Student>> divergence_methods();
template <class Student>
std::vector<Method<Student>> feature_methods();
template <>
std::vector<Method<Images::Student>> feature_methods();
template <class Student>
std::vector<Method<Student>> schemes();

/// All of them; the student alone comes first.
template <class Student>
std::vector<Method<Student>> all_methods() {
  std::vector<Method<Student>> all = logit_methods<Student>();
  for (auto& method : divergence_methods<Student>()) all.push_back(std::move(method));
  for (auto& method : feature_methods<Student>()) all.push_back(std::move(method));
  for (auto& method : schemes<Student>()) all.push_back(std::move(method));
  return all;
}

/// Trains the student with `methods`, added up.
template <class TeacherT, class Student, class... Methods>
kd::FitReport distil(const TeacherT& teacher, const Lesson<Student>& lesson,
                     kd::Network<Student>& student, const Methods&... methods) {
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
