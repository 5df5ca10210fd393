// SPDX-License-Identifier: MIT
#include "cuda/twin.hpp"
#include "support/catch.hpp"

using kd::Index;
using kd::Write;
using twin::on_both;
using twin::seed;
using twin::Twin;

#define KD_CLASSES 2, 31, 32, 33, 1000, 1500, 50257

TEMPLATE_TEST_CASE("CUDA: the methods on logits are the CPU's", "[cuda]", float, double) {
  using S = TestType;
  const Index classes = GENERATE(KD_CLASSES);
  const Index batch = classes > 1000 ? 2 : 5;
  const bool has_gradient = GENERATE(true, false);
  CAPTURE(classes, has_gradient);
  const Index size = classes * batch;
  Twin<S> z(size, seed(classes), 8), v(size, seed(classes + 1), 8), reverse(size), jsd(size),
      smooth(size), decoupled(size), own(size), a(batch), b(batch), c(batch), d(batch), e(batch);
  kd::Rng rng(5);
  auto labels =
      Twin<kd::Label>::of(batch, [&](Index) { return static_cast<kd::Label>(rng.below(classes)); });
  on_both([&](auto side) {
    const auto student = side.in(z, classes, batch);
    const auto teacher = side.in(v, classes, batch);
    const auto gradient = [&](Twin<S>& twin) {
      auto view = side.out(twin, classes, batch);
      if (!has_gradient) view = {};
      return view;
    };
    op_reverse_kl(side.space, student, teacher, S(3), S(0.5), gradient(reverse), side.out(a));
    op_generalized_jsd(side.space, student, teacher, S(3), S(0.3), S(0.5), gradient(jsd),
                       side.out(b));
    op_label_smoothing(side.space, student, side.in(labels), S(0.1), S(0.5), gradient(smooth),
                       side.out(c));
    op_decoupled_kd(side.space, student, teacher, side.in(labels), S(4), S(1), S(8),
                    gradient(decoupled), side.out(d), side.out(e));
    op_virtual_logits(side.space, side.in(labels), S(10), S(-1), side.out(own, classes, batch));
  });
  CHECK(a.distance() <= twin::tolerance);
  CHECK(b.distance() <= twin::tolerance);
  CHECK(c.distance() <= twin::tolerance);
  CHECK(d.distance() <= twin::tolerance);
  CHECK(e.distance() <= twin::tolerance);
  CHECK(reverse.distance() <= twin::tolerance);
  CHECK(jsd.distance() <= twin::tolerance);
  CHECK(smooth.distance() <= twin::tolerance);
  CHECK(decoupled.distance() <= twin::tolerance);
  CHECK(own.is_identical());
}

TEMPLATE_TEST_CASE("CUDA: the squared error and standardising are the CPU's", "[cuda]", float,
                   double) {
  using S = TestType;
  const Index features = GENERATE(KD_CLASSES);
  const Index batch = features > 1000 ? 2 : 5;
  const Write write = GENERATE(Write::overwrite, Write::add);
  CAPTURE(features);
  const Index size = features * batch;
  Twin<S> x(size, seed(1), 3), t(size, seed(2), 3), dx(size, seed(3)), values(batch), out(size),
      deviations(batch), back(size, seed(4));
  on_both([&](auto side) {
    op_squared_error(side.space, side.in(x, features, batch), side.in(t, features, batch), S(0.5),
                     side.out(dx, features, batch), write, side.out(values));
    op_standardize(side.space, side.in(x, features, batch), side.out(out, features, batch),
                   side.out(deviations));
    op_standardize_backward(side.space, side.in(out, features, batch), side.in(deviations),
                            side.in(t, features, batch), side.out(back, features, batch));
  });
  CHECK(values.distance() <= twin::tolerance);
  CHECK(dx.distance() <= twin::tolerance);
  CHECK(out.distance() <= twin::tolerance);
  CHECK(deviations.distance() <= twin::tolerance);
  CHECK(back.distance() <= twin::tolerance);
}

namespace {

using Teacher = kd::Sequential<kd::Linear<6, 12>, kd::ReLU, kd::Linear<12, 4>>;
using Student = kd::Sequential<kd::Linear<6, 8>, kd::ReLU, kd::Linear<8, 4>>;

/// Distils on both sides with one method; the distance of the students' weights.
template <class Method>
double distance_after(const Method& method) {
  kd::Rng rng(3);
  kd::Labels labels(50);
  for (Index i = 0; i < 50; ++i) labels(i) = static_cast<kd::Label>(rng.below(4));
  kd::Matrix<float> inputs(6, 50);
  for (Index i = 0; i < inputs.size(); ++i) inputs.data()[i] = rng.symmetric(1.F);
  const kd::Dataset data(std::move(inputs), std::move(labels), 4);
  const kd::Network<Teacher> teacher(kd::Rng(1));
  kd::Network<Student> student(kd::Rng(2));
  const auto device_teacher = kd::upload(teacher);
  auto device_student = kd::upload(student);
  const kd::FitOptions options{.epochs = 3, .batch_size = 16};
  kd::Distiller(teacher, student, method).fit(data, kd::Adam{{.lr = 1e-2}}, options);
  kd::Distiller(device_teacher, device_student, method).fit(data, kd::Adam{{.lr = 1e-2}}, options);
  const auto copy = kd::download(device_student);
  return (kd::map(student.params()) - kd::map(copy.params())).norm() /
         kd::map(student.params()).norm();
}

}  // namespace

TEST_CASE("CUDA: methods that have their ops there train there", "[cuda]") {
  CHECK(distance_after(kd::DecoupledKd{}) < 1e-4);
  CHECK(distance_after(kd::ReverseKl{}) < 1e-4);
  CHECK(distance_after(kd::GeneralizedJsd{}) < 1e-4);
  CHECK(distance_after(kd::LogitMse{}) < 1e-4);
  CHECK(distance_after(kd::LogitStandardization(kd::SoftTargets{{.hard_weight = 0}})) < 1e-4);
  CHECK(distance_after(kd::Hint<2, 2>{}) < 1e-4);  // widths differ: it trains a regressor there
}
