// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>

#include "kd/distill/distiller.hpp"
#include "kd/nn/linear.hpp"
#include "kd/nn/relu.hpp"
#include "kd/optim/adam.hpp"
#include "kd/testing/gradient_check.hpp"
#include "kd/testing/method_bench.hpp"
#include "kd/testing/survives.hpp"

namespace kd::testing {

/// The networks that `check_method` takes when it is given none: 5 features, 4 classes.
using SmallTeacher = Sequential<Linear<5, 8>, ReLU, Linear<8, 4>>;
using SmallStudent = Sequential<Linear<5, 6>, ReLU, Linear<6, 4>>;

namespace detail {

/// Every gradient that a batch leaves behind, against central differences: at each layer that the
/// method touches, of the student's parameters, and of the method's own.
template <class Bench>
void check_gradients(CheckReport& report, Bench& bench, const std::string& how,
                     const MethodSamples& samples, const CheckMethodOptions& options) {
  const MethodOutcome once = bench.run(samples);
  double touched = 0;
  for (Index i = 1; i <= bench.depth(); ++i) {
    const Matrix<double>& gradient = once.at_layers[static_cast<std::size_t>(i)];
    if (gradient.size() == 0) continue;
    touched = 1;
    Matrix<double> outputs = map(bench.tape().value(i));
    check_gradient(
        report, kd::detail::text(how, "gradient at layer ", i), view(outputs).flat(),
        view(gradient).flat(),
        [&] {
          return bench.loss(samples, [&](auto& tape, auto&) { map(tape.output(i)) = outputs; });
        },
        options.gradient);
  }
  report.compare(how + "whether any layer of the student gets a gradient", number(touched),
                 number(1), 0);

  check_gradient(
      report, how + "gradient of the student's parameters", bench.student().params(),
      view(bench.parameter_gradient(samples)), [&] { return bench.loss(samples); },
      options.gradient);
  if constexpr (Bench::trainable) {
    const Vector<double> gradient = once.own / options.own_gradient_factor;
    check_gradient(
        report, how + "gradient of the method's own parameters", bench.start().params(),
        view(gradient), [&] { return bench.loss(samples); }, options.gradient);
  }
}

inline void compare(CheckReport& report, const std::string& how, const MethodOutcome& got,
                    const MethodOutcome& expected, double tolerance) {
  report.compare(how + "loss", number(got.loss), number(expected.loss), tolerance);
  for (std::size_t i = 0; i < got.at_layers.size(); ++i)
    report.compare(kd::detail::text(how, "gradient at layer ", i), view(got.at_layers[i]).flat(),
                   view(expected.at_layers[i]).flat(), tolerance);
  report.compare(how + "gradient of the method's own parameters", view(got.own), view(expected.own),
                 tolerance);
}

/// The same samples in reverse: the same loss, and each sample its gradient.
template <class Bench>
void check_order(CheckReport& report, Bench& bench, const MethodSamples& samples,
                 const CheckMethodOptions& options) {
  const MethodSamples turned{samples.inputs.rowwise().reverse(), samples.labels.reverse(),
                             samples.indices.reverse()};
  MethodOutcome back = bench.run(turned);
  for (Matrix<double>& gradient : back.at_layers) gradient = gradient.rowwise().reverse().eval();
  compare(report, "samples in reverse: ", back, bench.run(samples), options.gradient.rounding);
}

/// What a full batch leaves in a state must not show in a smaller one.
template <class Bench>
void check_leftovers(CheckReport& report, Bench& bench, const MethodSamples& full,
                     const MethodSamples& part, const CheckMethodOptions& options) {
  auto state = bench.start();
  bench.run(full, state);
  compare(report, "behind a larger batch: ", bench.run(part, state), bench.run(part),
          options.gradient.rounding);
}

/// What a method says it does not read may be anything.
template <class Bench, class M>
void check_label_need(CheckReport& report, Bench& bench, const M& method,
                      const MethodSamples& samples, const CheckMethodOptions& options) {
  if constexpr (requires { method.label_need(); }) {
    if (method.label_need() != LabelNeed::none) return;
    MethodSamples other = samples;
    const auto classes = static_cast<Label>(bench.student().num_classes());
    for (Label& label : other.labels) label = static_cast<Label>((label + 1) % classes);
    compare(report, "with other labels, which it says it does not read: ", bench.run(other),
            bench.run(samples), options.gradient.rounding);
  }
}

/// Outputs of every layer as hard as they come, in both networks: nothing may become NaN or
/// infinite.
template <class Bench>
void check_extremes(CheckReport& report, Bench& bench, const MethodSamples& samples) {
  for (const ExtremeOutputs& student : extreme_outputs) {
    for (const ExtremeOutputs& teacher : extreme_outputs) {
      const MethodOutcome outcome = bench.run(samples, student, teacher);
      const std::string how = kd::detail::text(Bench::scalar_name, ", student ", student.name,
                                               ", teacher ", teacher.name, ": ");
      check_finite(report, how + "loss", number(outcome.loss));
      for (const Matrix<double>& gradient : outcome.at_layers)
        check_finite(report, how + "gradient at a layer", view(gradient).flat());
      check_finite(report, how + "gradient of the method's own parameters", view(outcome.own));
    }
  }
}

/// A second step must not allocate what the first did not.
template <class Bench>
void check_allocations(CheckReport& report, Bench& bench, const MethodSamples& samples,
                       const CheckMethodOptions& options) {
  if (!options.allocations) return;
  auto state = bench.start();
  bench.count_allocations(samples, state, options.allocations);
  const Index count = bench.count_allocations(samples, state, options.allocations);
  report.compare("allocations in a step", number(static_cast<double>(count)), number(0), 0);
}

/// Training works with a last batch that is smaller, and leaves the teacher alone.
template <class M, class TeacherT, class StudentT>
void check_training(CheckReport& report, const M& method, const TeacherT& teacher, StudentT student,
                    const CheckMethodOptions& options) {
  const Dataset data = make_data(student, options);
  const auto parameters = [&] {
    if constexpr (requires { teacher.params(); }) {
      return Vector<double>(map(teacher.params()).template cast<double>());
    } else {
      return Vector<double>();
    }
  };
  const Vector<double> before = parameters();
  Distiller distiller(teacher, student, method);
  try {
    const FitReport fit =
        distiller.fit(data, Adam{{.lr = 1e-3}}, {.epochs = 2, .batch_size = options.batch});
    for (const EpochReport& epoch : fit.epochs)
      check_finite(report, "loss of an epoch of training", number(epoch.loss));
  } catch (const NumericError& error) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    check_finite(report, kd::detail::text("a run of training: ", error.tensor), number(nan));
  }
  report.compare("parameters of the teacher", view(parameters()), view(before), 0);
}

}  // namespace detail

/// Checks a distillation method with networks of your own, in double: each gradient it leaves (at
/// the student's layers, of the student's parameters and of the method's own) against central
/// differences of `sum_k weights[k] totals[k] / batch`; that the order of the samples does not
/// matter, nor labels of which it says that it reads none; batches smaller than its room; outputs
/// of 0, 1 and 1e4; a run of training, which must leave the teacher alone.
///
/// The data set it trains on has `options.samples()` samples, and indices run over those. Throws
/// what the method throws when it does not suit the networks.
template <class M, class TeacherT, class StudentT>
CheckReport check_method(const M& method, const TeacherT& teacher, const StudentT& student,
                         const CheckMethodOptions& options = {}) {
  static_assert(DistillationMethod<M, TeacherT, StudentT>,
                "this type is not a kd::DistillationMethod for these networks");
  static_assert(std::same_as<typename StudentT::Scalar, double>,
                "central differences need networks in double");
  kd::detail::check_at_least_one("CheckMethodOptions: smallest_batch", options.smallest_batch);
  if (options.batch < options.smallest_batch)
    throw ConfigError(
        kd::detail::text("CheckMethodOptions: batch must be at least smallest_batch, ",
                         options.smallest_batch, ", got ", options.batch));
  if (options.views < 1 || options.views > 2)
    throw ConfigError(
        kd::detail::text("CheckMethodOptions: views must be 1 or 2, got ", options.views));
  const MethodSamples all = draw_samples(student, options);
  const auto first = [&](Index count) { return all.first(count, options.views); };
  const MethodSamples full = first(options.batch);
  const MethodSamples part = first(std::max(options.smallest_batch, options.batch - 2));
  const MethodSamples least = first(options.smallest_batch);
  CheckReport report;
  for (const MethodSamples& samples : {full, part, least}) {
    const auto run = [&] {
      MethodBench<M, TeacherT, StudentT>(method, teacher, student, options).run(samples);
    };
    if (!detail::survives(run)) {
      report_end(report, kd::detail::text("whether the program outlives a batch of ",
                                          samples.labels.size()));
      return report;
    }
  }
  MethodBench<M, TeacherT, StudentT> bench(method, teacher, student, options);
  detail::check_gradients(report, bench, "", full, options);
  detail::check_gradients(report, bench, "some samples less: ", part, options);
  check_finite(report, "fewest samples: loss", number(bench.run(least).loss));
  detail::check_order(report, bench, full, options);
  if (!options.remembers) detail::check_leftovers(report, bench, full, part, options);
  detail::check_label_need(report, bench, method, full, options);
  detail::check_extremes(report, bench, full);
  detail::check_extremes(report, bench, least);
  detail::check_allocations(report, bench, full, options);
  detail::check_training(report, method, teacher, student, options);
  return report;
}

/// The same with networks of two architectures, whose weights are drawn; what is extreme is tried
/// in float too. `check_method(SoftTargets{})`
template <class TeacherArchitecture = SmallTeacher, class StudentArchitecture = SmallStudent,
          class M>
CheckReport check_method(const M& method, const CheckMethodOptions& options = {}) {
  const Rng rng(options.seed);
  const Network<TeacherArchitecture, cpu::Space, double> teacher(rng.stream(1));
  const Network<StudentArchitecture, cpu::Space, double> student(rng.stream(2));
  CheckReport report = check_method(method, teacher, student, options);
  if (!report.passed()) return report;

  const Network<TeacherArchitecture> float_teacher(rng.stream(1));
  const Network<StudentArchitecture> float_student(rng.stream(2));
  MethodBench bench(method, float_teacher, float_student, options);
  const MethodSamples all = draw_samples(float_student, options);
  detail::check_extremes(report, bench, all.first(options.batch, options.views));
  detail::check_extremes(report, bench, all.first(options.smallest_batch, options.views));
  return report;
}

}  // namespace kd::testing
