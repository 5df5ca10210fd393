// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <type_traits>
#include <utility>

#include "kd/core/named_options.hpp"
#include "kd/distill/tap.hpp"
#include "kd/methods/wrapper.hpp"
#include "kd/nn/image.hpp"
#include "kd/nn/pool.hpp"

namespace kd {

/// A method on hidden features sees the means of maps instead of the maps: each channel is one
/// feature, its mean over height and width. `Pooled<SimilarityPreserving, 13, 5>{}`,
/// `Pooled<RelationalKd, 13, 5>{{.angle_weight = 10}}`.
///
/// What layer `StudentLayer` of the student gives, and layer `TeacherLayer` of the teacher, are
/// maps, (channels * height * width, batch), of any sizes; layers are counted from 1. Features that
/// are no maps are their own means. Terms, options and weights are the method's, and so is what it
/// throws, where layer 1 are the means.
template <template <Index, Index> class M, Index TeacherLayer, Index StudentLayer>
class Pooled : public detail::Wrapper<M<1, 1>>, detail::NamedOptions {
  using Method = M<1, 1>;
  using Options = std::remove_cvref_t<decltype(std::declval<const Method&>().options())>;

 public:
  using NamedOptions::NamedOptions;

  static constexpr const char* name = "Pooled";
  static constexpr std::array<Index, 2> taps{TeacherLayer, StudentLayer};

  /// The means of a network's maps, as a network of one layer.
  template <Real S, class Space>
  struct Means {
    Network<Sequential<Image<>, GlobalAvgPool>, Space, S> network;
    Tape<S, Space> tape;

    Means(const Shape& maps, Index capacity, Mode mode, const Space& space)
        : network(Sequential(Image<>(maps.channels, maps.height, maps.width), GlobalAvgPool()),
                  Rng(), space),
          tape(network.make_workspace(capacity, mode)) {}
  };

  template <class Inner, Real S, class Space>
  struct State : detail::WrapperState<Inner> {
    Means<S, Space> teacher;
    Means<S, Space> student;
  };

  /// Throws what the method throws.
  explicit Pooled(Options options = {}) : detail::Wrapper<Method>(Method(std::move(options))) {}

  const Options& options() const { return this->method().options(); }

  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT& teacher, const StudentT& student, Index capacity) const {
    using S = typename StudentT::Scalar;
    using Space = typename StudentT::Space;
    Tap::template check<TeacherT, StudentT>();
    Means<S, Space> of_teacher(Tap::teacher_shape(teacher), capacity, Mode::inference,
                               student.space());
    Means<S, Space> of_student(Tap::student_shape(student), capacity, Mode::training,
                               student.space());
    auto inner = this->method().make_state(of_teacher.network, of_student.network, capacity);
    return State<decltype(inner), S, Space>{
        {std::move(inner)}, std::move(of_teacher), std::move(of_student)};
  }

  template <class Inner, Real S, class Space>
  void accumulate(const DistillStep<S, Space>& step, State<Inner, S, Space>& state) const {
    const MatrixView<const S, Space> maps = Tap::student_features(step);
    Tape<S, Space>& means = state.student.tape;
    state.teacher.network.forward(Tap::teacher_features(step), state.teacher.tape);
    state.student.network.forward(maps, means);
    this->method().accumulate(
        DistillStep<S, Space>{step.space, step.batch, state.teacher.tape.logits(),
                              &state.teacher.tape, means, step.progress, step.totals},
        state.inner);
    if (!means.has_grad(1)) return;
    state.student.network.architecture().template layer<1>().backward(
        LayerBackward<S, Space>{step.space,
                                {},
                                maps,
                                {},
                                {},
                                means.grad(1),
                                {},
                                Write::add,
                                Tap::student_gradient(step),
                                Write::add});
  }

 private:
  using Tap = detail::Tap<TeacherLayer, StudentLayer>;
};

}  // namespace kd
