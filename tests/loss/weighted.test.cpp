// SPDX-License-Identifier: MIT
//
// Weights of samples and classes and ignored labels, against formulas in double that are written
// out here: `sum_b w_b L_b / sum_b w_b` over a batch, as PyTorch's `CrossEntropyLoss` has it.
#include "kd/loss/weighted.hpp"

#include <vector>

#include "kd/distill.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::golden;
using kd::test::golden_vector;
using kd::test::random_matrix;

namespace {

constexpr Index batch = 6;
constexpr Index classes = 4;

using Net = Sequential<Linear<3, classes>>;

/// One batch, in which sample 2 has no label.
Dataset samples() {
  return Dataset(random_matrix<float>(3, batch, 1, 2))
      .with_labels(std::vector<int>{0, 3, 255, 1, 1, 2}, {.classes = classes, .ignore = 255});
}
const Vector<double> of_classes{{0.5, 2, 1, 8}};

Matrix<double> softmax(const Matrix<double>& z) {
  Matrix<double> p = (z.rowwise() - z.colwise().maxCoeff()).array().exp();
  for (Index b = 0; b < p.cols(); ++b) p.col(b) /= p.col(b).sum();
  return p;
}

/// The value of a loss on labels and its gradient at the logits. `onehot` may be smoothed.
struct Expected {
  double value = 0;
  Matrix<double> gradient;
};
Expected weighted_mean(const Dataset& data, const Matrix<double>& z, const Vector<double>& weights,
                       double smoothing = 0) {
  const Matrix<double> p = softmax(z);
  Expected expected{0, Matrix<double>::Zero(z.rows(), z.cols())};
  for (Index b = 0; b < z.cols(); ++b) {
    const Label y = data.labels().data[b];
    if (y == 255) continue;
    Vector<double> u = Vector<double>::Constant(classes, smoothing / classes);
    u(y) += 1 - smoothing;
    expected.value -= weights(b) * u.dot(Vector<double>(p.col(b).array().log()));
    expected.gradient.col(b) = weights(b) * (p.col(b) - u);
  }
  const double sum = weights.sum();
  return {expected.value / sum, expected.gradient / sum};
}

Vector<double> weights_of(const Dataset& data) { return map(data.weights()).cast<double>(); }

/// The gradient at the weights of `Net`: of a step of plain descent with a rate of 1.
template <class Train>
Vector<double> gradient_of(const Train& train) {
  Network<Net, cpu::Space, double> net(Rng(5));
  const Vector<double> before = map(net.params());
  train(net);
  return before - map(net.params());
}

Vector<double> at_weights(const Dataset& data, const Matrix<double>& at_logits) {
  Vector<double> all(classes * 3 + classes);
  const Matrix<double> x = data.inputs().cast<double>();
  // Weights lie as (out, in) in C order, that is as (in, out) in columns.
  Eigen::Map<Matrix<double>>(all.data(), 3, classes) = x * at_logits.transpose();
  all.tail(classes) = at_logits.rowwise().sum();
  return all;
}

Matrix<double> logits_of(const Dataset& data) {
  const Network<Net, cpu::Space, double> net(Rng(5));
  return net.predict(data.inputs().cast<double>());
}

const Sgd descent{{.lr = 1}};
const FitOptions one_step{.batch_size = batch, .shuffle = false};

}  // namespace

TEST_CASE("fit takes the weighted mean of a loss on labels", "[loss][weighted]") {
  const bool weighted = GENERATE(false, true);  // or ignored labels alone
  const Dataset data = weighted ? samples().with_class_weights(of_classes) : samples();
  const auto check = [&](const auto& loss, double smoothing) {
    const Expected expected = weighted_mean(data, logits_of(data), weights_of(data), smoothing);
    FitReport report;
    const Vector<double> gradient =
        gradient_of([&](auto& net) { report = fit(net, data, loss, descent, one_step); });
    CHECK_THAT(report.epochs[0].loss, WithinRel(expected.value, 1e-13));
    CHECK(gradient.isApprox(at_weights(data, expected.gradient), 1e-13));
  };
  check(CrossEntropy{}, 0);
  check(LabelSmoothing{{.smoothing = 0.2}}, 0.2);
}

TEST_CASE("a squared error takes the weighted mean", "[loss][weighted]") {
  const Matrix<float> targets = random_matrix<float>(classes, batch, 7);
  const Vector<double> weights{{1, 0, 2, 3, 0.25, 1}};
  const Dataset data =
      Dataset(random_matrix<float>(3, batch, 1, 2)).with_targets(targets).with_weights(weights);
  const Matrix<double> error = logits_of(data) - targets.cast<double>();
  const double sum = weights.sum();
  const double value = error.colwise().squaredNorm().dot(weights) / classes / sum;
  const Matrix<double> at_outputs = 2. / classes / sum * (error * weights.asDiagonal());
  FitReport report;
  const Vector<double> gradient =
      gradient_of([&](auto& net) { report = fit(net, data, Mse{}, descent, one_step); });
  CHECK_THAT(report.epochs[0].loss, WithinRel(value, 1e-13));
  CHECK(gradient.isApprox(at_weights(data, at_outputs), 1e-13));

  const Network<Net, cpu::Space, double> teacher(Rng(9));
  const Matrix<double> to_teacher = logits_of(data) - teacher.predict(data.inputs().cast<double>());
  // The teacher's word comes first, so that the targets' gradient is added.
  const Vector<double> both = gradient_of([&](auto& net) {
    Distiller(teacher, net, LogitMse{}, HardTargets{{.weight = 0.5}}).fit(data, descent, one_step);
  });
  CHECK(
      both.isApprox(at_weights(data, 2. / classes / batch * to_teacher + 0.5 * at_outputs), 1e-13));
}

TEST_CASE("weighted losses give what PyTorch gives", "[loss][weighted]") {
  const std::string name = "weighted/";
  const Vector<double> of_samples = golden_vector(name + "sample_weights");
  const Vector<double> of_labels = golden_vector(name + "class_weights");
  const Dataset bare(golden(name + "x"));
  const Dataset ignoring =
      bare.with_labels(kd::test::golden_labels(name + "labels"), {.classes = 10, .ignore = -1});
  const Matrix<double> weight = golden(name + "weight");
  const Vector<double> bias = golden_vector(name + "bias");
  Network<Sequential<Linear<3, 10>>, cpu::Space, double> start(Rng(0));
  map(start.params()) << weight.reshaped(), bias;
  const auto check = [&](const std::string& which, const auto& loss, const Dataset& data) {
    INFO(which);
    const double value = golden_vector(name + which + "_value")(0);
    const Matrix<double> gradient = golden(name + which + "_gradient");

    using L = std::remove_cvref_t<decltype(loss)>;
    const Matrix<double> z = start.predict(data.inputs().cast<double>());
    Loader<double> loader(data, batch);
    const Batch<double> samples = loader.batch(0);
    const auto target = kd::detail::target_of<L>(samples);
    Buffer<double, cpu::Space> room(z.size());
    Vector<double> values(batch);
    for (const Write write : {Write::overwrite, Write::add}) {
      Matrix<double> dz = Matrix<double>::Constant(10, batch, 3);
      kd::detail::accumulate_weighted(
          loss,
          LossStep<double, cpu::Space, std::remove_const_t<decltype(target)>>{
              cpu::Space{}, view(z), target, 1. / batch, view(dz), write, view(values)},
          samples.weights, room);
      CHECK_THAT(values.mean(), WithinRel(value, 1e-12));
      if (write == Write::add) dz.array() -= 3;
      CHECK((dz - gradient).cwiseAbs().maxCoeff() < 1e-14);
    }

    auto net = start;
    const FitReport report = fit(net, data, loss, descent, one_step);
    CHECK_THAT(report.epochs[0].loss, WithinRel(value, 1e-12));
    Vector<double> expected(start.params().size);
    expected << golden(name + which + "_dweight").reshaped(),
        golden_vector(name + which + "_dbias");
    CHECK((map(start.params()) - map(net.params()) - expected).cwiseAbs().maxCoeff() < 1e-14);
  };
  check("ignored", CrossEntropy{}, ignoring);
  check("class", CrossEntropy{}, ignoring.with_class_weights(of_labels));
  check("sample", CrossEntropy{}, ignoring.with_weights(of_samples));
  check("both", CrossEntropy{}, ignoring.with_weights(of_samples).with_class_weights(of_labels));
  check("mse", Mse{}, bare.with_targets(golden(name + "targets")).with_weights(of_samples));
}

TEST_CASE("in a distiller weights are those of the labels alone", "[loss][weighted]") {
  const Dataset data = samples().with_class_weights(of_classes);
  const Network<Net, cpu::Space, double> teacher(Rng(9));
  const Matrix<double> z = logits_of(data);
  const Expected hard = weighted_mean(data, z, weights_of(data));
  const double t = 3;
  const Matrix<double> v = teacher.predict(data.inputs().cast<double>());
  const Matrix<double> soft = t / batch * (softmax(z / t) - softmax(v / t));
  const Vector<double> expected = at_weights(data, 0.4 * hard.gradient + 0.7 * soft);
  const SoftTargets both{{.temperature = t, .hard_weight = 0.4, .soft_weight = 0.7}};
  const SoftTargets soft_alone{{.temperature = t, .hard_weight = 0, .soft_weight = 0.7}};
  const HardLabels labels{{.weight = 0.4}};
  const auto distilled = [&](const auto&... methods) {
    return gradient_of([&](auto& net) {
      const FitReport report = Distiller(teacher, net, methods...).fit(data, descent, one_step);
      for (const LossTerm& term : report.epochs[0].terms)
        if (term.name == "hard" && term.weight != 0)
          CHECK_THAT(term.value, WithinRel(hard.value, 1e-13));
    });
  };
  CHECK(distilled(both).isApprox(expected, 1e-12));
  CHECK(distilled(labels, soft_alone).isApprox(expected, 1e-12));
  CHECK(distilled(soft_alone, labels).isApprox(expected, 1e-12));  // labels are added
  CHECK(distilled(LogitMse{{.weight = 0}}, both).isApprox(expected, 1e-12));
}

TEST_CASE("to weigh samples allocates nothing after the first step", "[loss][weighted]") {
  if (!kd::test::counts_allocations()) return;
  const Dataset data = samples().with_class_weights(of_classes);
  const Network<Net, cpu::Space, double> teacher(Rng(9));
  Network<Net, cpu::Space, double> net(Rng(5));
  std::vector<Index> counts;
  counts.reserve(100);
  Distiller(teacher, net, LogitMse{}, HardLabels{}, SoftTargets{})
      .fit(data, descent, {.batch_size = 1, .on_step = [&](const StepReport&) {
                             counts.push_back(kd::test::allocations());
                           }});
  REQUIRE(counts.size() == batch);
  for (std::size_t i = 2; i < counts.size(); ++i) CHECK(counts[i] == counts[1]);
}

TEST_CASE("students that learn from each other weigh labels, too", "[loss][weighted]") {
  const Dataset data = samples().with_class_weights(of_classes);
  const Expected hard = weighted_mean(data, logits_of(data), weights_of(data));
  const Vector<double> gradient = gradient_of([&](auto& net) {
    Network<Net, cpu::Space, double> peer(Rng(2));
    MutualLearning(MutualLearningOptions{.hard_weight = 0.5, .peer_weight = 0}, net, peer)
        .fit(data, descent, one_step);
  });
  CHECK(gradient.isApprox(at_weights(data, 0.5 * hard.gradient), 1e-12));
}

TEST_CASE("a batch of ignored labels moves nothing", "[loss][weighted]") {
  const Dataset data = samples().slice(2, 1);
  CHECK(gradient_of([&](auto& net) { fit(net, data, CrossEntropy{}, descent); }).isZero(0));
  Network<Net> net(Rng(1));
  CHECK_THROWS_WITH(evaluate(net, data),
                    "evaluate: expected at least one sample that counts, got none");
}

TEST_CASE("what does not count may be anything", "[loss][weighted]") {
  const double infinite = std::numeric_limits<double>::infinity();
  const Vector<double> weights{{0, 2}};
  const Matrix<double> gradient{{infinite, 3}, {infinite, 4}};
  for (const Write write : {Write::overwrite, Write::add}) {
    Matrix<double> dx = Matrix<double>::Ones(2, 2);
    Vector<double> values{{infinite, 5}};
    op_weigh(cpu::Space{}, view(weights), view(gradient), view(dx), write, view(values));
    const double before = write == Write::add ? 1 : 0;
    CHECK(dx == Matrix<double>{{before, before + 6}, {before, before + 8}});
    CHECK(values == Vector<double>{{0, 10}});
  }
}

TEST_CASE("evaluate counts what the data set says", "[train][weighted]") {
  const Dataset data = samples().with_class_weights(of_classes);
  const Network<Net, cpu::Space, double> net(Rng(5));
  const Matrix<double> z = logits_of(data);
  const Expected expected = weighted_mean(data, z, weights_of(data));
  for (const Index size : {1, 4, 100}) {
    const Evaluation result = evaluate(net, data, {.batch_size = size});
    CHECK_THAT(result.loss, WithinRel(expected.value, 1e-13));
    CHECK(result.samples == batch);
    CHECK(result.class_samples == Vector<Index>{{1, 2, 1, 1}});
    CHECK(result.confusion.sum() == 5);
    Index errors = 0;
    for (Index b = 0; b < batch; ++b) {
      Index said = 0;
      z.col(b).maxCoeff(&said);
      errors += b != 2 && said != data.labels().data[b];
    }
    CHECK(result.errors == errors);
    CHECK(result.accuracy == Approx(1 - static_cast<double>(errors) / 5));
    CHECK(std::isnan(result.mean_squared_error));
  }
}

TEST_CASE("evaluate reports the mean squared error of targets", "[train][weighted]") {
  const Matrix<float> targets = random_matrix<float>(classes, batch, 7);
  const Dataset data = Dataset(random_matrix<float>(3, batch, 1, 2)).with_targets(targets);
  const Network<Net, cpu::Space, double> net(Rng(5));
  const double error = (logits_of(data) - targets.cast<double>()).squaredNorm() / (classes * batch);
  for (const Index size : {1, 4, 100}) {
    const Evaluation result = evaluate(net, data, {.batch_size = size});
    CHECK_THAT(result.mean_squared_error, WithinRel(error, 1e-13));
    CHECK(result.loss == result.mean_squared_error);
    CHECK(std::isnan(result.accuracy));
    CHECK(result.confusion.size() == 0);
    CHECK(result.class_samples.size() == 0);
  }
  const Evaluation both = evaluate(net, data.with_labels(std::vector<int>{0, 1, 2, 3, 0, 1}));
  CHECK_THAT(both.mean_squared_error, WithinRel(error, 1e-13));
  CHECK(both.loss != both.mean_squared_error);
  CHECK(both.accuracy >= 0);
}

TEST_CASE("a student imitates a teacher of real outputs without labels or targets",
          "[train][weighted]") {
  const Dataset data(random_matrix<float>(3, 60, 1, 2));
  Network<Net> teacher(Rng(1));
  Network<Net> student(Rng(2));
  Distiller(teacher, student, LogitMse{})
      .fit(data, Adam{{.lr = 0.1}}, {.epochs = 60, .batch_size = 20});
  const Evaluation result = evaluate(student, data.with_targets(teacher.predict(data.inputs())));
  CHECK(result.mean_squared_error < 1e-3);
}
