// SPDX-License-Identifier: MIT
#pragma once

#include "kd/distill/method.hpp"

namespace kd::detail {

/// Whether both are maps, of the same height and width, as far as types tell.
constexpr bool are_maps_of_one_size(const Shape& a, const Shape& b) {
  const auto is_vector = [](const Shape& shape) { return shape.height == 1 && shape.width == 1; };
  return agree(a.height, b.height) && agree(a.width, b.width) && !is_vector(a) && !is_vector(b);
}

// As with layers, the names spell what does not fit: teacher_layer<7>::of<3>::exists,
// teacher_layer<2>::gives<30>::features_but_student_layer<1>::gives<20>::fits, or
// teacher_layer<2>::gives_maps_of<8, 8>::but_student_layer<1>::gives_maps_of<4, 4>::fit
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
  template <Index TeacherHeight, Index TeacherWidth>
  struct gives_maps_of {
    template <Index J>
    struct but_student_layer {
      template <Index StudentHeight, Index StudentWidth>
      struct gives_maps_of {
        static constexpr bool fit = are_maps_of_one_size({dynamic, TeacherHeight, TeacherWidth},
                                                         {dynamic, StudentHeight, StudentWidth});
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

/// What types tell of the shape behind layer `I` of a model; of one that does not exist, nothing.
template <class Model, Index I>
constexpr Shape static_shape_behind() {
  if constexpr (requires { typename Model::Architecture; }) {
    if constexpr (I >= 1 && I <= Model::Architecture::depth)
      return Model::Architecture::static_shape(I);
  }
  return unknown_shape;
}

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

  /// For a method that compares maps place by place, whatever the channels. Vectors, and maps of
  /// different sizes, do not compile; where only run time knows them, throws `ShapeError` with
  /// `where` in it.
  template <class TeacherT, class StudentT>
  static void check_same_maps(const char* where, const TeacherT& teacher, const StudentT& student) {
    check<TeacherT, StudentT>();
    constexpr Shape static_teacher = static_shape_behind<TeacherT, TeacherLayer>();
    constexpr Shape static_student = static_shape_behind<StudentT, StudentLayer>();
    check_static_maps<static_teacher.height, static_teacher.width, static_student.height,
                      static_student.width>();
    const Shape& of_teacher = teacher_shape(teacher);
    const Shape& of_student = student_shape(student);
    if (!are_maps_of_one_size(of_teacher, of_student))
      throw ShapeError(text(where, ": expected maps of the same height and width, got ",
                            describe_shape(of_teacher), " of the teacher's layer ", TeacherLayer,
                            " and ", describe_shape(of_student), " of the student's layer ",
                            StudentLayer));
  }

  template <class TeacherT>
  static const Shape& teacher_shape(const TeacherT& teacher) {
    return teacher.architecture().shape(TeacherLayer);
  }
  template <class StudentT>
  static const Shape& student_shape(const StudentT& student) {
    return student.architecture().shape(StudentLayer);
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
  template <Index TeacherHeight, Index TeacherWidth, Index StudentHeight, Index StudentWidth>
  static constexpr void check_static_maps() {
    static_assert(
        teacher_layer<TeacherLayer>::template gives_maps_of<TeacherHeight, TeacherWidth>::
            template but_student_layer<StudentLayer>::template gives_maps_of<StudentHeight,
                                                                             StudentWidth>::fit,
        "this method compares maps place by place, so both layers must give maps, not vectors, "
        "of the same height and width");
  }
};

/// For methods whose state suits layers of these widths alone: throws `ShapeError` for others.
inline void check_widths(const char* method, Index student, Index teacher, Index student_got,
                         Index teacher_got) {
  check_equal(method, "features of the student's layer, as the state was made for", student,
              student_got);
  check_equal(method, "features of the teacher's layer, as the state was made for", teacher,
              teacher_got);
}

/// The same where the state has a linear map of the student's features to the teacher's.
template <class Map>
void check_map(const char* method, const Map& map, Index student, Index teacher) {
  check_widths(method, map.in_features(), map.out_features(), student, teacher);
}

}  // namespace kd::detail
