// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/types.hpp"

namespace kd::detail {

// As with layers, the names spell what does not fit:
// teacher_with<10>::classes_but_student_with<12>::classes
template <Index TeacherClasses>
struct teacher_with {
  template <Index StudentClasses>
  struct classes_but_student_with {
    static constexpr bool classes_fit =
        TeacherClasses == StudentClasses || TeacherClasses == dynamic || StudentClasses == dynamic;
  };
};

// teacher_takes<784>::features_but_student_takes<100>::features
template <Index TeacherFeatures>
struct teacher_takes {
  template <Index StudentFeatures>
  struct features_but_student_takes {
    static constexpr bool features_fit = TeacherFeatures == StudentFeatures ||
                                         TeacherFeatures == dynamic || StudentFeatures == dynamic;
  };
};

}  // namespace kd::detail
