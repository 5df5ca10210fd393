// SPDX-License-Identifier: MIT
#pragma once

#include "kd/nn/conv2d.hpp"
#include "kd/nn/image.hpp"
#include "kd/nn/pool.hpp"
#include "kd/nn/relu.hpp"
#include "support/features.hpp"

namespace kd::test {

/// Small networks of images: maps of 4 x 3 behind layers 1 and 2, 4 classes.
using MapTeacher =
    Sequential<Image<2, 4, 3>, Conv2d<5, 3, Window{.pad = 1}>, ReLU, GlobalAvgPool, Linear<5, 4>>;
using MapStudent =
    Sequential<Image<2, 4, 3>, Conv2d<3, 3, Window{.pad = 1}>, ReLU, GlobalAvgPool, Linear<3, 4>>;

/// What layer 1 of these networks gives is of any shape.
using AnyMaps = Sequential<Image<>, Conv2d<>>;

inline AnyMaps any_maps(const Shape& shape) {
  return AnyMaps(Image<>(1, shape.height, shape.width), Conv2d<>(shape.channels));
}

/// Runs a method with taps at layer 1 on maps that are given, as `OnFeatures` does.
template <class M>
OnFeatures<M, AnyMaps> make_on_maps(const M& method, const Shape& student, const Shape& teacher,
                                    Index capacity) {
  return {method, any_maps(student), any_maps(teacher), capacity};
}

/// Maps that layer 1 is to give, (channels * height * width, batch), and what the last layer makes
/// of their means: `weight` as the files have it, (channels, classes), and `bias`.
struct ClassifiedMaps {
  Shape shape;
  Matrix<double> maps;
  Matrix<double> weight;
  Vector<double> bias;
};

/// What a method leaves that asks classifiers about places.
struct PlaceLoss {
  double value = 0;         ///< weighted, mean over the batch
  Matrix<double> gradient;  ///< at the student's maps
  Matrix<double> dweight;   ///< of the student's last layer
  Vector<double> dbias;
};

/// Runs such a method on maps that are given, as if both networks had given them.
template <class M>
PlaceLoss on_places(const M& method, const ClassifiedMaps& student, const ClassifiedMaps& teacher,
                    const Labels& labels) {
  using Net = Network<Sequential<Image<>, Conv2d<>, GlobalAvgPool, Linear<>>, cpu::Space, double>;
  const auto make = [](const ClassifiedMaps& of) {
    Net net(Sequential(Image<>(1, of.shape.height, of.shape.width), Conv2d<>(of.shape.channels),
                       GlobalAvgPool(), Linear<>(of.weight.rows(), of.weight.cols())),
            Rng(0));
    map(net.params()).tail(of.weight.size() + of.bias.size()) << of.weight.reshaped(), of.bias;
    return net;
  };
  const auto run = [](const Net& net, const ClassifiedMaps& of, Tape<double>& tape) {
    tape.begin({of.maps.data(), net.in_features(), of.maps.cols()});  // inputs that nobody reads
    map(tape.output(1)) = of.maps;
    map(tape.output(2)) = of.maps.reshaped(of.shape.area(), of.shape.channels * of.maps.cols())
                              .colwise()
                              .mean()
                              .reshaped(of.shape.channels, of.maps.cols());
    map(tape.output(3)) = (of.weight.transpose() * map(tape.output(2))).colwise() + of.bias;
  };
  const Index batch = student.maps.cols();
  Net of_student = make(student);
  const Net of_teacher = make(teacher);
  auto student_tape = of_student.make_workspace(batch, Mode::training);
  auto teacher_tape = of_teacher.make_workspace(batch);
  run(of_student, student, student_tape);
  run(of_teacher, teacher, teacher_tape);
  auto state = method.make_state(of_teacher, of_student, batch);
  Vector<double> totals = Vector<double>::Zero(static_cast<Index>(M::terms.size()));
  method.accumulate(DistillStep<double, cpu::Space>{of_student.space(),
                                                    {student_tape.value(0), view(labels), {}},
                                                    teacher_tape.logits(),
                                                    &teacher_tape,
                                                    student_tape,
                                                    Progress{},
                                                    view(totals),
                                                    std::as_const(of_student).params(),
                                                    of_student.grads()},
                    state);
  const auto weights = method.weights(Progress{});
  PlaceLoss loss;
  for (std::size_t k = 0; k < weights.size(); ++k)
    loss.value += weights[k] * totals(static_cast<Index>(k)) / static_cast<double>(batch);
  loss.gradient = map(student_tape.grad(1));
  const Index size = student.weight.size();
  const auto last = map(of_student.grads()).tail(size + student.bias.size());
  loss.dweight = last.head(size).reshaped(student.weight.rows(), student.weight.cols());
  loss.dbias = last.tail(student.bias.size());
  return loss;
}

}  // namespace kd::test
