// SPDX-License-Identifier: MIT
#include "kd/train/fit.hpp"

#include <cmath>
#include <limits>

#include "kd/cpu/ops/guard.hpp"
#include "kd/cpu/ops/sum.hpp"
#include "kd/loss/cross_entropy.hpp"
#include "kd/nn/dropout.hpp"
#include "kd/optim/adam.hpp"
#include "kd/optim/sgd.hpp"
#include "kd/train/evaluate.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/golden_training.hpp"
#include "support/random_matrix.hpp"
#include "support/threads.hpp"

using namespace kd;

namespace {

using Net = Sequential<Linear<6, 8>, ReLU, Linear<8, 3>>;
using Noisy = Sequential<Linear<64, 400>, Dropout, ReLU, Linear<400, 10>>;

/// Samples whose class is that of the largest of their first features: to be learned.
Dataset learnable(Index samples, Index features, Index classes, std::uint64_t seed = 1) {
  const Matrix<float> x = kd::test::random_matrix<float>(features, samples, seed);
  Labels y(samples);
  for (Index i = 0; i < samples; ++i) {
    Index best = 0;
    x.col(i).head(classes).maxCoeff(&best);
    y(i) = static_cast<Label>(best);
  }
  return {x, y, classes};
}

template <class N>
auto weights(const N& network) {
  return Vector<typename N::Scalar>(map(network.params()));
}

/// The weights of a network that was trained with these options.
template <class Architecture>
Vector<float> trained(const Dataset& data, const FitOptions& options) {
  Network<Architecture> network(Rng(0));
  fit(network, data, CrossEntropy{}, Adam{{.lr = 1e-2}}, options);
  return weights(network);
}

}  // namespace

TEMPLATE_TEST_CASE("ten Adam steps of the article's student are PyTorch's", "[train][fit]", float,
                   double) {
  auto student = kd::test::golden_student<TestType>();
  kd::test::TrainingTrace<TestType> trace;
  fit(student, kd::test::golden_samples(), CrossEntropy{}, Adam{{.lr = 1e-4}},
      trace.record(student));
  CHECK(trace.distance("alone") < 1e-5);
}

TEST_CASE("fit learns, and reports what it did", "[train][fit]") {
  const Dataset data = learnable(70, 6, 3);
  Network<Net> network(Rng(0));
  std::vector<StepReport> steps;
  std::vector<EpochReport> epochs;
  const FitReport report =
      fit(network, data, CrossEntropy{}, Adam{{.lr = 0.02}},
          {.epochs = 40,
           .batch_size = 32,
           .on_step = [&](const StepReport& step) { steps.push_back(step); },
           .on_epoch = [&](const EpochReport& epoch) { epochs.push_back(epoch); }});
  CHECK(evaluate(network, data).accuracy > 0.95);
  CHECK(report.epochs.back().loss < 0.3 * report.epochs.front().loss);

  REQUIRE(steps.size() == 120);
  REQUIRE(epochs.size() == 40);
  REQUIRE(report.epochs.size() == 40);
  for (std::size_t e = 0; e < 40; ++e) {
    CHECK(epochs[e].epoch == static_cast<Index>(e) + 1);
    CHECK(epochs[e].epochs == 40);
    CHECK(epochs[e].lr == 0.02);
    CHECK(epochs[e].seconds >= 0);
    REQUIRE(epochs[e].terms.size() == 1);
    CHECK(epochs[e].terms[0].name == "loss");
    CHECK(epochs[e].terms[0].weight == 1);
    CHECK(epochs[e].terms[0].value == epochs[e].loss);
    CHECK(report.epochs[e].loss == epochs[e].loss);
    double sum = 0;
    for (std::size_t s = 0; s < 3; ++s) {
      const StepReport& step = steps[3 * e + s];
      CHECK(step.epoch == static_cast<Index>(e) + 1);
      CHECK(step.step == static_cast<Index>(s) + 1);
      CHECK(step.steps == 3);
      CHECK(step.batch == (s == 2 ? 6 : 32));
      sum += step.loss * static_cast<double>(step.batch);
    }
    CHECK_THAT(epochs[e].loss, WithinRel(sum / 70, 1e-12));
  }
}

TEST_CASE("bytes train like the floats they stand for", "[train][fit]") {
  Bytes bytes(6, 50);
  Rng rng(1);
  for (auto& byte : bytes.reshaped()) byte = static_cast<std::uint8_t>(rng.below(256));
  const Labels labels = kd::test::random_labels(50, 3, 2);
  const Dataset as_bytes(bytes, labels);
  const Dataset as_floats(as_bytes.inputs(), labels);
  CHECK(trained<Net>(as_bytes, {.epochs = 2}) == trained<Net>(as_floats, {.epochs = 2}));
}

TEST_CASE("a seed decides the result, the number of threads does not", "[train][fit]") {
  const Dataset data = learnable(256, 64, 10);
  const FitOptions options{.epochs = 2, .batch_size = 128, .seed = 3};
  const Vector<float> alone = trained<Noisy>(data, options);
  CHECK(trained<Noisy>(data, options) == alone);
  {
    const kd::test::Threads use(2);
    CHECK(trained<Noisy>(data, options) == alone);
  }
  FitOptions other = options;
  other.seed = 4;
  CHECK(trained<Noisy>(data, other) != alone);
}

TEST_CASE("without shuffling the order is the set's", "[train][fit]") {
  // One epoch of two batches is the same as two sets of one batch each, for an optimizer that
  // remembers nothing.
  const Dataset data = learnable(20, 6, 3);
  const Sgd sgd{{.lr = 0.1}};
  Network<Net> whole(Rng(0));
  fit(whole, data, CrossEntropy{}, sgd, {.batch_size = 10, .shuffle = false});
  Network<Net> parts(Rng(0));
  for (const Index first : {0, 10})
    fit(parts, data.slice(first, 10), CrossEntropy{}, sgd, {.batch_size = 10, .shuffle = false});
  CHECK(weights(parts) == weights(whole));
  Network<Net> shuffled(Rng(0));
  fit(shuffled, data, CrossEntropy{}, sgd, {.batch_size = 10});
  CHECK(weights(shuffled) != weights(whole));
}

TEST_CASE("inputs are augmented as the seed says", "[train][fit]") {
  const Dataset data = learnable(40, 6, 3);
  const auto noise = [](Eigen::Ref<Matrix<float>> inputs, Rng rng) {
    for (auto column : inputs.colwise())
      for (float& x : column) x += rng.symmetric(0.1F);
  };
  const FitOptions options{.epochs = 2, .seed = 1, .augment = noise};
  const Vector<float> noisy = trained<Net>(data, options);
  CHECK(trained<Net>(data, options) == noisy);
  CHECK(trained<Net>(data, {.epochs = 2, .seed = 1}) != noisy);
  Network<Net, cpu::Space, double> in_double(Rng(0));
  CHECK_THROWS_WITH(fit(in_double, data, CrossEntropy{}, Adam{}, options),
                    "FitOptions: augment needs a network in float on the CPU");
}

TEST_CASE("a schedule multiplies the learning rate", "[train][fit]") {
  const Dataset data = learnable(20, 6, 3);
  Network<Net> network(Rng(0));
  std::vector<Index> seen;
  std::vector<double> rates;
  fit(network, data, CrossEntropy{}, Adam{{.lr = 0.5}},
      {.epochs = 2,
       .batch_size = 8,
       .schedule =
           [&](const Progress& p) {
             CHECK(p.steps_per_epoch == 3);
             CHECK(p.total_steps == 6);
             seen.push_back(p.step);
             return p.step == 4 ? 0.5 : 0.25;
           },
       .on_step = [&](const StepReport& step) { rates.push_back(step.lr); }});
  // Before the first step it is asked for the ends of both epochs.
  CHECK(seen == std::vector<Index>{0, 2, 3, 5, 0, 1, 2, 3, 4, 5});
  CHECK(rates == std::vector<double>{0.125, 0.125, 0.125, 0.125, 0.25, 0.125});

  const Network<Net> fresh(Rng(0));
  Network<Net> still(Rng(0));
  fit(still, data, CrossEntropy{}, Sgd{}, {.schedule = [](const Progress&) { return 0.; }});
  CHECK(weights(still) == weights(fresh));
}

TEST_CASE("gradients are clipped to a norm, as PyTorch does", "[train][fit]") {
  const cpu::Space space;
  const double norm = kd::test::golden_vector("clip_grad_norm/norm")(0);
  Vector<double> gradient = kd::test::golden_vector("clip_grad_norm/gradient");
  double square_sum = 0;
  op_add_square_sum(space, VectorView<const double>(view(gradient)),
                    VectorView<double>(&square_sum, 1));
  CHECK_THAT(std::sqrt(square_sum), WithinRel(norm, 1e-13));
  op_clip(space, view(gradient), VectorView<const double>(&square_sum, 1), 1000.);
  CHECK(gradient == kd::test::golden_vector("clip_grad_norm/kept"));
  op_clip(space, view(gradient), VectorView<const double>(&square_sum, 1), 1.);
  CHECK(kd::test::relative_distance(gradient, kd::test::golden_vector("clip_grad_norm/clipped"),
                                    1e-6) < 1e-12);

  // A step of plain SGD is then as long as the bound.
  const Dataset data = learnable(20, 6, 3);
  const Network<Net> before(Rng(0));
  Network<Net> network(Rng(0));
  fit(network, data, CrossEntropy{}, Sgd{{.lr = 1}}, {.max_grad_norm = 1e-2});
  CHECK_THAT((weights(network) - weights(before)).norm(), WithinRel(1e-2F, 1e-3F));
}

TEST_CASE("fit refuses what does not fit, before any work", "[train][fit]") {
  const Dataset data = learnable(20, 6, 3);
  Network<Net> network(Rng(0));
  const Vector<float> before = weights(network);
  const auto run = [&](const Dataset& on, const FitOptions& options) {
    fit(network, on, CrossEntropy{}, Adam{}, options);
  };
  CHECK_THROWS_AS(run(data, {.epochs = 0}), ConfigError);
  CHECK_THROWS_WITH(run(data, {.epochs = 0}), "FitOptions: epochs must be at least 1, got 0");
  CHECK_THROWS_WITH(run(data, {.batch_size = 0}),
                    "FitOptions: batch_size must be at least 1, got 0");
  CHECK_THROWS_WITH(run(data, {.max_grad_norm = 0}),
                    "FitOptions: max_grad_norm must be positive, got 0");
  CHECK_THROWS_AS(run(data, {.max_grad_norm = std::nan("")}), ConfigError);
  CHECK_THROWS_WITH(run(data, {.max_grad_norm = 1e-50}),
                    "FitOptions: max_grad_norm must be positive and finite in float, got 1e-50");

  const Dataset narrow = learnable(20, 5, 3);
  CHECK_THROWS_AS(run(narrow, {}), ShapeError);
  CHECK_THROWS_WITH(run(narrow, {}),
                    "fit: expected 6 features a sample, as the model takes, got 5");
  const Dataset more_classes = learnable(20, 6, 4);
  CHECK_THROWS_AS(run(more_classes, {}), DataError);
  CHECK_THROWS_WITH(run(more_classes, {}), ContainsSubstring("expected 0 to 2, got 3"));
  Labels one_based = Labels::LinSpaced(20, 1, 3);
  CHECK_THROWS_WITH(run(Dataset(data.inputs(), one_based), {}),
                    ContainsSubstring("they look 1-based; subtract 1"));
  CHECK(weights(network) == before);

  // Room for ten classes does no harm where only three occur.
  CHECK_NOTHROW(
      run(Dataset(data.inputs(), data.classes() == 3 ? Labels::Zero(20) : one_based, 10), {}));
}

namespace {

/// Cross-entropy that goes wrong at one step.
struct GoesWrong {
  template <Real S, class Space>
  using Target = LabelTarget<S, Space>;

  enum class What { loss, gradient };

  template <Real S, class Space>
  void accumulate(const LossStep<S, Space, LabelTarget<S, Space>>& step) const {
    CrossEntropy{}.accumulate(step);
    if (++*steps != at) return;
    if (what == What::loss) step.values.data[1] = std::numeric_limits<S>::quiet_NaN();
    if (what == What::gradient) step.dlogits.data[4] = std::numeric_limits<S>::infinity();
  }

  What what;
  int at;
  int* steps;
};

}  // namespace

TEST_CASE("a loss or gradient that is not finite stops fit, and the last good step remains",
          "[train][fit]") {
  const Dataset data = learnable(20, 6, 3);
  for (const auto what : {GoesWrong::What::loss, GoesWrong::What::gradient}) {
    for (const double max_grad_norm : {std::numeric_limits<double>::infinity(), 1.}) {
      Network<Net> network(Rng(0));
      Vector<float> last_good = weights(network);
      int steps = 0;
      Index epochs = 0;
      try {
        fit(network, data, GoesWrong{what, 6, &steps}, Adam{{.lr = 0.1}},
            {.epochs = 5,
             .batch_size = 5,
             .max_grad_norm = max_grad_norm,
             .on_step = [&](const StepReport&) { last_good = weights(network); },
             .on_epoch = [&](const EpochReport&) { ++epochs; }});
        FAIL("fit went on");
      } catch (const NumericError& error) {
        CHECK(error.epoch == 2);
        CHECK(error.step == 2);
        CHECK(error.tensor == (what == GoesWrong::What::loss ? "loss" : "gradient of the logits"));
        CHECK(std::string(error.what()) ==
              "epoch 2, step 2: " + error.tensor +
                  " is not finite; the network keeps the weights of the step before");
      }
      CHECK(steps == 6);
      CHECK(epochs == 1);
      CHECK(weights(network) == last_good);

      // It goes on training as if nothing had been.
      Network<Net> other(Rng(5));
      map(other.params()) = last_good;
      fit(network, data, CrossEntropy{}, Adam{}, {});
      fit(other, data, CrossEntropy{}, Adam{}, {});
      CHECK(weights(network) == weights(other));
    }
  }
}

TEST_CASE("the first tensor that is not finite is named", "[train][fit]") {
  struct Weights {
    float first, first_bias, last;
  };
  const auto blame = [](float input, Weights all) {
    Network<Net> network(Rng(0));
    auto params = map(network.params());
    params.head(48).setConstant(all.first);
    params.segment(48, 8).setConstant(all.first_bias);
    params.tail(27).setZero();
    params.segment(56, 8).setConstant(all.last);  // of class 0
    const Vector<float> before = params;
    const Dataset data(Matrix<float>::Constant(6, 20, input), Labels::Zero(20), 3);
    std::string tensor;
    try {
      fit(network, data, CrossEntropy{}, Sgd{}, {});
    } catch (const NumericError& error) {
      CHECK(error.epoch == 1);
      CHECK(error.step == 1);
      CHECK(weights(network) == before);
      tensor = error.tensor;
    }
    return tensor;
  };
  CHECK(blame(1, {1, 0, 1}).empty());
  CHECK(blame(1e38F, {1, 0, 1}) == "output of layer 1");
  CHECK(blame(1, {1, 0, 1e38F}) == "output of layer 3");
  // Small outputs times large weights: the logits are ordinary, their gradient is not once it has
  // gone back through the weights and meets the inputs.
  CHECK(blame(1e35F, {0, 1e-10F, 1e10F}) == "gradient of layer 1 weight");
}

TEST_CASE("a step allocates nothing after the first", "[train][fit]") {
  if (!kd::test::counts_allocations()) return;
  const auto worst_step = [](auto network, const Dataset& data, auto optimizer, double max_norm) {
    std::vector<Index> counts;
    counts.reserve(1000);
    fit(network, data, CrossEntropy{}, optimizer,
        {.epochs = 3,
         .batch_size = 16,
         .schedule = CosineSchedule{},
         .max_grad_norm = max_norm,
         .on_step = [&](const StepReport&) { counts.push_back(kd::test::allocations()); }});
    Index worst = 0;
    const std::size_t steps = counts.size() / 3;
    for (std::size_t i = 1; i < counts.size(); ++i)  // between epochs there are reports
      if (i % steps != 0) worst = std::max(worst, counts[i] - counts[i - 1]);
    return worst;
  };
  const double any = std::numeric_limits<double>::infinity();
  const Dataset data = learnable(70, 64, 10);
  for (const int threads : {1, 2}) {
    const kd::test::Threads use(threads);
    CHECK(worst_step(Network<Noisy>(Rng(0)), data, Adam{}, any) == 0);
    CHECK(worst_step(Network<Noisy>(Rng(0)), data, Sgd{{.momentum = 0.9}}, 1.) == 0);
    CHECK(worst_step(kd::test::golden_student<float>(), kd::test::golden_samples(), Adam{}, any) ==
          0);
  }
}
