// SPDX-License-Identifier: MIT
#include "kd/optim/max_norm.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "kd/distill.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"
#include "support/run_optimizer.hpp"
#include "support/temporary_folder.hpp"
#include "support/threads.hpp"

using namespace kd;

namespace {

using Net = Network<Sequential<Linear<6, 8>, LayerNorm<8>, ReLU, Linear<8, 3>>>;

const Dataset data{test::random_matrix<float>(6, 20, 1), test::random_labels(20, 3, 2), 3};

const Sgd sgd{{.lr = 0.5, .momentum = 0.9}};

/// The largest norm of a unit's incoming weights.
template <class Weights>
float longest(const Weights& weights) {
  return weights.rowwise().norm().maxCoeff();
}

/// What `op_max_norm` makes of columns.
Matrix<float> limited(Matrix<float> weights, float max_norm, std::int32_t guard = 0) {
  op_max_norm(cpu::Space(), view(weights), max_norm, Guard<>{&guard, 1});
  return weights;
}

}  // namespace

TEST_CASE("units longer than the bound are shortened as PyTorch's are", "[optim][max_norm]") {
  const std::vector<TensorInfo> tensors{{"layer 1 weight", 3, 4, 0},
                                        {"layer 1 bias", 1, 1, 12, true}};
  const MaxNorm bounded(Sgd{{.lr = 0.01, .momentum = 0.9}}, {.max_norm = 2.5});
  const auto expected = test::golden("optim/max_norm_parameters");
  const auto distance = [&](auto number, const auto& of) {
    using S = decltype(number);
    return test::relative_distance(test::run_golden_steps<S>(bounded, "max_norm_", of), expected,
                                   1e-3);
  };
  CHECK(distance(double{}, tensors) < 1e-12);
  CHECK(distance(float{}, tensors) < 1e-4);
  CHECK(distance(double{}, std::vector<TensorInfo>{{"layer 1 weight", 4, 3, 0}}) > 1e-2);
}

TEST_CASE("a short unit keeps its bits, a long one its direction", "[optim][max_norm]") {
  Matrix<float> weights(3, 3);
  weights << 3, 0.3F, 0, 4, 0.4F, 0, 0, 0, 0;
  const Matrix<float> after = limited(weights, 1);
  CHECK(after.col(0).isApprox(Vector<float>{{0.6F, 0.8F, 0}}));
  CHECK(after.rightCols(2) == weights.rightCols(2));
  CHECK(limited(weights, 1, 1) == weights);  // the guard is up
  CHECK(limited(weights, 5) == weights);
  // Squares beyond what a float holds, and bounds whose squares are small.
  CHECK(limited(weights * 1e30F, 1).col(0).norm() == Approx(1));
  CHECK(limited(weights * 1e-10F, 1e-12F).col(0).norm() == Approx(1e-12));
}

TEST_CASE("threads shorten units alike", "[optim][max_norm]") {
  const Matrix<float> weights = test::random_matrix<float>(700, 300, 3);
  const Matrix<float> alone = limited(weights, 10);
  CHECK(alone.colwise().norm().maxCoeff() == Approx(10));
  const test::Threads use(2);
  CHECK(limited(weights, 10) == alone);
}

TEST_CASE("every step leaves the units within the bound, biases and scales as they are",
          "[optim][max_norm]") {
  Net bounded(Rng(1));
  fit(bounded, data, CrossEntropy{}, MaxNorm(sgd, {.max_norm = 0.4}),
      {.epochs = 5, .on_step = [&](const StepReport&) {
         CHECK(longest(bounded.layer<1>().weight()) <= 0.4F * (1 + 1e-6F));
         CHECK(longest(bounded.layer<4>().weight()) <= 0.4F * (1 + 1e-6F));
       }});
  CHECK(longest(bounded.layer<1>().weight()) == Approx(0.4));
  CHECK(bounded.layer<2>().weight().maxCoeff() > 0.4F);

  // A bound that nothing reaches changes nothing.
  Net free(Rng(1));
  Net loosely(Rng(1));
  fit(free, data, CrossEntropy{}, sgd, {.epochs = 2});
  fit(loosely, data, CrossEntropy{}, MaxNorm(sgd, {.max_norm = 1e3}), {.epochs = 2});
  CHECK(map(free.params()) == map(loosely.params()));
}

TEST_CASE("a channel of a convolution is a unit, and so is a row of what a method learns",
          "[optim][max_norm]") {
  using Images = Network<
      Sequential<Image<2, 3, 3>, Conv2d<4, 2>, BatchNorm, ReLU, GlobalAvgPool, Linear<4, 3>>>;
  const Dataset images{test::random_matrix<float>(18, 20, 1), test::random_labels(20, 3, 2), 3};
  Images network(Rng(1));
  fit(network, images, CrossEntropy{}, MaxNorm(sgd, {.max_norm = 0.3}), {.epochs = 3});
  const auto kernels = map(network.params()).head(32).reshaped(8, 4);
  CHECK(kernels.colwise().norm().maxCoeff() <= 0.3F * (1 + 1e-6F));
  CHECK(kernels.colwise().norm().minCoeff() > 0.1F);

  const Net teacher(Rng(2));
  Net student(Rng(1));
  Distiller distiller(teacher, student, HardLabels{}, Hint<1, 1>{});
  distiller.fit(data, MaxNorm(sgd, {.max_norm = 0.3}), {.epochs = 3});
  const auto regressor = map(distiller.state<1>().params()).head(64).reshaped(8, 8);
  CHECK(regressor.colwise().norm().maxCoeff() <= 0.3F * (1 + 1e-6F));
}

TEST_CASE("a bounded optimizer looks ahead as the one within", "[optim][max_norm]") {
  STATIC_REQUIRE(LooksAhead<MaxNorm<Adam>>);
  Net network(Rng(1));
  const auto fails = test::error_of<NumericError>([&] {
    fit(network, data, CrossEntropy{}, MaxNorm(sgd),
        {.epochs = 2, .batch_size = 5, .schedule = [](const Progress& p) {
           return p.step == 6 ? 1e300 : 1;
         }});
  });
  CHECK_THAT(fails.what(), ContainsSubstring("epoch 2, step 3: update of layer 1 weight"));
  CHECK(map(network.params()).allFinite());
}

TEST_CASE("a bounded training goes on from its checkpoint, and another bound is refused",
          "[optim][max_norm]") {
  const test::TemporaryFolder folder;
  const std::string file = folder.path("run");
  const auto train = [&](double max_norm, Index stop_after, bool keeps) {
    Net network(Rng(1));
    FitOptions options{.epochs = 4, .batch_size = 5};
    options.on_epoch = [&](const EpochReport& report) { return report.epoch < stop_after; };
    if (keeps) options.checkpoint = {.file = file};
    fit(network, data, CrossEntropy{}, MaxNorm(sgd, {.max_norm = max_norm}), options);
    return Vector<float>(map(network.params()));
  };
  train(0.4, 2, true);
  CHECK_THAT(test::error_of<ConfigError>([&] { train(0.5, 9, true); }).what(),
             ContainsSubstring("optimizer: max_norm was 0.4, is 0.5"));
  CHECK(train(0.4, 9, true) == train(0.4, 9, false));
}

TEST_CASE("bounded steps allocate nothing", "[optim][max_norm]") {
  if (!test::counts_allocations()) return;
  Net network(Rng(1));
  std::vector<Index> counts;
  counts.reserve(10);
  fit(network, data, CrossEntropy{}, MaxNorm(Adam{}, {.max_norm = 0.4}),
      {.batch_size = 5,
       .on_step = [&](const StepReport&) { counts.push_back(test::allocations()); }});
  REQUIRE(counts.size() == 4);
  for (std::size_t i = 1; i < 4; ++i) CHECK(counts[i] == counts[i - 1]);
}

TEST_CASE("MaxNorm refuses a bound out of range", "[optim][max_norm]") {
  CHECK_THROWS_WITH(MaxNorm(sgd, {.max_norm = 0}),
                    "MaxNorm: max_norm must be positive and finite, got 0");
  CHECK_THROWS_AS(MaxNorm(sgd, {.max_norm = std::nan("")}), ConfigError);
  CHECK_THROWS_WITH(MaxNorm(sgd, {.max_norm = 1e-13}),
                    "MaxNorm: max_norm must be between 1e-12 and 1e12, got 1e-13");
  CHECK_THROWS_AS(MaxNorm(sgd, {.max_norm = 1e13}), ConfigError);
  CHECK(MaxNorm(sgd).lr() == sgd.lr());
}
