// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "methods.hpp"

namespace compare {

/// A method that looks into the teacher, beside the labels, as its paper has it.
template <class Student, class M>
Method<Student> from_features(const std::string& name, const std::string& recipe, const M& method) {
  return {name, Kind::features, recipe,
          [method](const Lesson<Student>& lesson, kd::Network<Student>& student) {
            return distil(lesson.features, lesson, student, kd::HardLabels{}, method);
          }};
}

/// The paper's two stages.
template <class Student, class Hint>
Method<Student> hint_then_soft_targets(const Hint& hint) {
  return {"Hint then SoftTargets", Kind::features, "a third of the epochs hints, then soft targets",
          [hint](Lesson<Student> lesson, kd::Network<Student>& student) {
            const kd::Index epochs = lesson.options.epochs;
            lesson.options.epochs = std::max<kd::Index>(epochs / 3, 1);
            const kd::FitReport hints = distil(lesson.features, lesson, student, hint);
            if (epochs == 1) return hints;
            lesson.options.epochs = epochs - lesson.options.epochs;
            return joined({hints, distil(lesson.table, lesson, student, kd::SoftTargets{})});
          }};
}

}  // namespace compare
