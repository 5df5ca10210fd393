// SPDX-License-Identifier: MIT
#pragma once

#include "kd/distill/method.hpp"

namespace kd::detail {

// As with layers, the names spell what does not fit: teacher_layer<7>::of<3>::exists, or
// teacher_layer<2>::gives<30>::features_but_student_layer<1>::gives<20>::fits
template <Index I>
struct teacher_layer {
  template <Index Depth>
  struct of {
    static constexpr bool exists = I >= 1 && I <= Depth;
  };
  template <Index TeacherWidth>
  struct gives {
    template <Index J>
    struct features_but_student_layer {
      template <Index StudentWidth>
      struct gives {
        static constexpr bool fits =
            TeacherWidth == StudentWidth || TeacherWidth == dynamic || StudentWidth == dynamic;
      };
    };
  };
};

template <Index I>
struct student_layer {
  template <Index Depth>
  struct of {
    static constexpr bool exists = I >= 1 && I <= Depth;
  };
};

/// What a method on hidden features compares: what layer `TeacherLayer` of the teacher gives, with
/// what layer `StudentLayer` of the student gives. Layers are counted from 1.
template <Index TeacherLayer, Index StudentLayer>
struct Tap {
  /// Layers that do not exist do not compile; asked in a method's `make_state`.
  template <class TeacherT, class StudentT>
  static constexpr void check() {
    static_assert(HasFeatures<TeacherT>,
                  "this method compares hidden layers, so the teacher must be a kd::Network or "
                  "its kd::CachedFeatures: a table of logits, an ensemble or a lambda has none");
    if constexpr (HasFeatures<TeacherT>)
      static_assert(teacher_layer<TeacherLayer>::template of<TeacherT::Architecture::depth>::exists,
                    "a tap must name a layer of the teacher, counted from 1");
    if constexpr (requires { TeacherT::template holds<TeacherLayer>; })
      static_assert(TeacherT::template holds<TeacherLayer>,
                    "a tap must name a layer that the CachedFeatures kept");
    static_assert(student_layer<StudentLayer>::template of<StudentT::Architecture::depth>::exists,
                  "a tap must name a layer of the student, counted from 1");
  }

  /// For a method that compares feature with feature. Widths that differ do not compile; where
  /// only run time knows them, throws `ShapeError` with `where` in it.
  template <class TeacherT, class StudentT>
  static void check_same_width(const char* where, const TeacherT& teacher,
                               const StudentT& student) {
    check<TeacherT, StudentT>();
    check_static_widths<TeacherT::Architecture::static_width(TeacherLayer),
                        StudentT::Architecture::static_width(StudentLayer)>();
    check_equal(where, "features of the student's layer, as the teacher's gives",
                teacher_width(teacher), student_width(student));
  }

  template <class TeacherT>
  static Index teacher_width(const TeacherT& teacher) {
    return teacher.architecture().width(TeacherLayer);
  }
  template <class StudentT>
  static Index student_width(const StudentT& student) {
    return student.architecture().width(StudentLayer);
  }

  /// (teacher's width, batch)
  template <Real S, class Space>
  static MatrixView<const S, Space> teacher_features(const DistillStep<S, Space>& step) {
    return step.teacher->value(TeacherLayer);
  }
  /// (student's width, batch)
  template <Real S, class Space>
  static MatrixView<const S, Space> student_features(const DistillStep<S, Space>& step) {
    return step.student.value(StudentLayer);
  }
  /// The gradient at the student's features, to be added to.
  template <Real S, class Space>
  static MatrixView<S, Space> student_gradient(const DistillStep<S, Space>& step) {
    return step.student.grad(StudentLayer);
  }

 private:
  template <Index OfTeacher, Index OfStudent>
  static constexpr void check_static_widths() {
    static_assert(
        teacher_layer<TeacherLayer>::template gives<OfTeacher>::template features_but_student_layer<
            StudentLayer>::template gives<OfStudent>::fits,
        "this method compares feature with feature, so both layers must be of the same width");
  }
};

/// For methods with a linear map of the student's features to the teacher's: a state that was made
/// for other layers has another map.
template <class Map>
void check_map(const char* method, const Map& map, Index student, Index teacher) {
  check_equal(method, "features of the student's layer, as the state was made for",
              map.in_features(), student);
  check_equal(method, "features of the teacher's layer, as the state was made for",
              map.out_features(), teacher);
}

}  // namespace kd::detail
