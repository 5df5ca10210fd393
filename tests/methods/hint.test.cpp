// SPDX-License-Identifier: MIT
#include "kd/methods/hint.hpp"

#include "kd/distill/distiller.hpp"
#include "kd/methods/soft_targets.hpp"
#include "kd/optim/sgd.hpp"
#include "kd/testing/check_method.hpp"
#include "support/catch.hpp"
#include "support/features.hpp"
#include "support/golden.hpp"
#include "support/maps.hpp"

using namespace kd;
using kd::test::golden;
using kd::test::random_matrix;
using kd::test::relative_distance;

namespace {

using Large = Sequential<Linear<6, 9>, ReLU, Linear<9, 3>>;
using Small = Sequential<Linear<6, 4>, ReLU, Linear<4, 3>>;

Dataset samples(Index count) {
  return {random_matrix<float>(6, count, 1), kd::test::random_labels(count, 3, 2), 3};
}

template <class T>
Vector<float> copy(VectorView<T> x) {
  return map(x);
}

}  // namespace

TEST_CASE("the hint passes the checks of a method", "[methods][hint]") {
  const auto at_first = kd::testing::check_method(Hint<2, 1>{});
  INFO(at_first.message());
  CHECK(at_first.passed());
  const auto at_logits = kd::testing::check_method(Hint<1, 3>{}, {.batch = 3, .seed = 3});
  INFO(at_logits.message());
  CHECK(at_logits.passed());
}

TEST_CASE("the hint gives what PyTorch gives", "[methods][hint]") {
  const Matrix<double> student = golden("hint/student");
  const Matrix<double> teacher = golden("hint/teacher");
  kd::test::OnFeatures<Hint<1, 1>> bench(Hint<1, 1>{{.weight = 1}}, student.rows(), teacher.rows(),
                                         student.cols());
  map(bench.state().params()) << golden("hint/weight").reshaped(),
      kd::test::golden_vector("hint/bias");

  const auto loss = bench.run(student, teacher);
  const Vector<double> gradient = map(bench.state().grads());
  CHECK_THAT(loss.value, WithinRel(kd::test::golden_vector("hint/value")(0), 1e-12));
  CHECK(relative_distance(loss.gradient, golden("hint/dstudent"), 1e-9) < 1e-9);
  CHECK(relative_distance(gradient.head(40), golden("hint/dweight").reshaped(), 1e-9) < 1e-9);
  CHECK(relative_distance(gradient.tail(8), kd::test::golden_vector("hint/dbias"), 1e-9) < 1e-9);
}

TEST_CASE("between maps the hint passes the checks of a method", "[methods][hint]") {
  const auto report = kd::testing::check_method<kd::test::MapTeacher, kd::test::MapStudent>(
      Hint<2, 1>{}, {.batch = 4});
  INFO(report.message());
  CHECK(report.passed());
}

TEST_CASE("between maps of one size the regressor is a 1 x 1 convolution, as PyTorch's",
          "[methods][hint]") {
  const Matrix<double> student = golden("hint_maps/student");
  const Matrix<double> teacher = golden("hint_maps/teacher");
  auto bench =
      kd::test::make_on_maps(Hint<1, 1>{{.weight = 1}}, {3, 4, 3}, {5, 4, 3}, student.cols());
  REQUIRE(bench.state().regressor.num_params() == 5 * 3 + 5);
  map(bench.state().params()) << golden("hint_maps/weight").reshaped(),
      kd::test::golden_vector("hint_maps/bias");

  const auto loss = bench.run(student, teacher);
  const Vector<double> gradient = map(bench.state().grads());
  CHECK_THAT(loss.value, WithinRel(kd::test::golden_vector("hint_maps/value")(0), 1e-12));
  CHECK(relative_distance(loss.gradient, golden("hint_maps/dstudent"), 1e-9) < 1e-9);
  CHECK(relative_distance(gradient.head(15), golden("hint_maps/dweight").reshaped(), 1e-9) < 1e-9);
  CHECK(relative_distance(gradient.tail(5), kd::test::golden_vector("hint_maps/dbias"), 1e-9) <
        1e-9);
}

TEST_CASE("between other maps, and to vectors, the regressor is a linear map of all features",
          "[methods][hint]") {
  const Hint<1, 1> method;
  for (const Shape& teacher : {Shape{5, 4, 2}, Shape{5, 3, 4}, Shape{7, 1, 1}}) {
    const Matrix<double> f = random_matrix<double>(36, 4, 1);
    const Matrix<double> g = random_matrix<double>(teacher.features(), 4, 2);
    auto on_maps = kd::test::make_on_maps(method, {3, 4, 3}, teacher, 4);
    kd::test::OnFeatures<Hint<1, 1>> on_vectors(method, 36, teacher.features(), 4);
    REQUIRE(on_maps.state().regressor.num_params() == 37 * teacher.features());
    map(on_maps.state().params()) = map(on_vectors.state().params());
    const auto got = on_maps.run(f, g);
    const auto expected = on_vectors.run(f, g);
    CHECK_THAT(got.value, WithinRel(expected.value, 1e-12));
    CHECK(relative_distance(got.gradient, expected.gradient, 1e-9) < 1e-9);
  }
}

TEST_CASE("the distiller steps the regressor along with the student", "[methods][hint]") {
  const Network<Large> teacher(Rng(1));
  Network<Small> student(Rng(2));
  Distiller distiller(teacher, student, Hint<2, 1>{{.seed = 7}});
  const Dataset data = samples(8);

  // One step of plain descent, done by hand with the regressor's first weights.
  Hint<2, 1> method{{.seed = 7}};
  auto state = method.make_state(teacher, student, 8);
  const Vector<float> first = copy(state.params());
  auto teacher_tape = teacher.make_workspace(8);
  auto tape = student.make_workspace(8, Mode::training);
  const Matrix<float> inputs = data.inputs();
  teacher.forward(view(inputs), teacher_tape);
  student.forward(view(inputs), tape);
  Buffer<double> totals(1);
  method.accumulate(DistillStep<float, cpu::Space>{student.space(),
                                                   {view(inputs), data.labels(), {}},
                                                   teacher_tape.logits(),
                                                   &teacher_tape,
                                                   tape,
                                                   Progress{},
                                                   totals.view()},
                    state);
  const Vector<float> expected = first - 0.01F * copy(state.grads());

  const FitReport report =
      distiller.fit(data, Sgd{{.lr = 0.01}}, {.batch_size = 8, .shuffle = false});
  const Vector<float> got = copy(distiller.state<0>().params());
  REQUIRE(report.epochs.at(0).terms.at(0).name == "hint");
  CHECK(report.epochs[0].terms[0].weight == 100);
  CHECK((got - first).norm() > 1e-3F);
  CHECK(relative_distance(got, expected, 1e-6) < 1e-4);
}

TEST_CASE("a further fit goes on with the regressor of the one before", "[methods][hint]") {
  const Network<Large> teacher(Rng(1));
  Network<Small> student(Rng(2));
  Distiller distiller(teacher, student, Hint<2, 1>{});
  CHECK_THROWS_AS(distiller.state<0>(), ConfigError);
  CHECK_THROWS_WITH(distiller.state<0>(),
                    "Distiller::state: there is none before fit has been called");
  const Dataset data = samples(40);
  const FitReport first = distiller.fit(data, Adam{{.lr = 0.01}}, {.epochs = 20, .batch_size = 8});
  const FitReport second = distiller.fit(data, Adam{{.lr = 0.01}}, {.batch_size = 20});
  CHECK(first.epochs.back().loss < 0.3 * first.epochs.front().loss);
  CHECK(second.epochs.front().loss < 1.2 * first.epochs.back().loss);
}

TEST_CASE("the regressor is a network of its own, and no part of the student", "[methods][hint]") {
  const Network<Large> teacher(Rng(1));
  Network<Small> student(Rng(2));
  const Index parameters = student.num_params();
  Distiller distiller(teacher, student, Hint<2, 1>{}, SoftTargets{});
  distiller.fit(samples(16), Adam{}, {.batch_size = 8});
  CHECK(student.num_params() == parameters);

  const auto& regressor = distiller.state<0>().regressor;
  CHECK(regressor.in_features() == 4);
  CHECK(regressor.num_classes() == 9);
  CHECK(distiller.state<0>().tensors().at(0).name == "layer 1 weight");
  const Matrix<float> features = random_matrix<float>(4, 2, 3);
  const auto params = regressor.params();
  const Matrix<float> by_hand =
      (map(MatrixView<const float>(params.data, 4, 9)).transpose() * features).colwise() +
      map(params.slice(36, 9));
  CHECK(relative_distance(regressor.predict(features), by_hand, 1e-6) < 1e-5);
}

TEST_CASE("stages: the hint first, then soft targets", "[methods][hint]") {
  const Network<Large> teacher(Rng(1));
  Network<Small> student(Rng(2));
  const Dataset data = samples(64);
  const Vector<float> start = copy(student.params());

  Distiller first(teacher, student, Hint<2, 1>{});
  const FitReport hints = first.fit(data, Adam{{.lr = 0.01}}, {.epochs = 10});
  const Vector<float> hinted = copy(student.params());
  CHECK(hints.epochs.back().loss < hints.epochs.front().loss);
  CHECK((hinted - start).head(28).norm() > 0.1F);  // the layer up to the tap
  CHECK((hinted - start).tail(15) == Vector<float>::Zero(15));

  Distiller second(teacher, student, SoftTargets{});
  const FitReport soft = second.fit(data, Adam{{.lr = 0.01}}, {.epochs = 10});
  CHECK(soft.epochs.back().loss < soft.epochs.front().loss);
  CHECK((copy(student.params()) - hinted).tail(15).norm() > 0.1F);
}

TEST_CASE("a hint that is not finite is named, and nothing has changed", "[methods][hint]") {
  Network<Large> teacher(Rng(1));
  // The square of what its first layer gives is no float; its logits are.
  map(teacher.params()).head(teacher.architecture().layer<1>().num_params()) *= 1e25F;
  Network<Small> student(Rng(2));
  const Vector<float> before = copy(student.params());
  Distiller distiller(std::as_const(teacher), student, Hint<1, 1>{});
  try {
    distiller.fit(samples(16), Adam{}, {.batch_size = 8});
    FAIL("expected a NumericError");
  } catch (const NumericError& error) {
    CHECK(error.epoch == 1);
    CHECK(error.step == 1);
    CHECK(error.tensor == "loss");
  }
  CHECK(copy(student.params()) == before);
  CHECK(map(distiller.state<0>().params()).allFinite());
}

TEST_CASE("weights of a method whose gradient is not finite are named", "[methods][hint]") {
  const Network<Large> teacher(Rng(1));
  Network<Small> student(Rng(2));
  const Dataset data = samples(16);
  Distiller distiller(teacher, student, SoftTargets{}, Hint<1, 1>{});
  distiller.fit(data, Adam{}, {.batch_size = 8});
  map(distiller.state<1>().params()).setConstant(std::numeric_limits<float>::infinity());
  const Vector<float> before = copy(student.params());
  try {
    distiller.fit(data, Adam{}, {.batch_size = 8});
    FAIL("expected a NumericError");
  } catch (const NumericError& error) {
    CHECK(error.tensor == "gradient of layer 1 weight of the method \"hint\"");
  }
  CHECK(copy(student.params()) == before);
}

TEST_CASE("the weight of the hint is checked", "[methods][hint]") {
  using Method = Hint<1, 1>;
  CHECK_THROWS_AS(Method({.weight = -1}), ConfigError);
  CHECK_THROWS_WITH(Method({.weight = -1}), "Hint: weight must be zero or more and finite, got -1");
  CHECK_THROWS_AS(Method({.weight = std::numeric_limits<double>::infinity()}), ConfigError);
}
