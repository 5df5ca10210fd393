// SPDX-License-Identifier: MIT
#include "kd/teachers/cached_features.hpp"

#include "kd/distill/distiller.hpp"
#include "kd/methods/hint.hpp"
#include "kd/methods/soft_targets.hpp"
#include "kd/nn/dropout.hpp"
#include "kd/nn/linear.hpp"
#include "kd/nn/relu.hpp"
#include "kd/optim/adam.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::random_matrix;

namespace {

using Big = Sequential<Linear<12, 30>, ReLU, Dropout, Linear<30, 4>>;
using Small = Sequential<Linear<12, 5>, ReLU, Linear<5, 4>>;

Dataset samples(Index count = 100) {
  return {random_matrix<float>(12, count, 1), kd::test::random_labels(count, 4, 2), 4};
}

Batch<float> batch_of(const Matrix<float>& inputs, const Labels& labels,
                      const Vector<Index>& indices) {
  return {view(inputs), view(labels), view(indices)};
}

}  // namespace

TEST_CASE("cached features are what the live network's layers give",
          "[teachers][cached_features]") {
  const Network<Big> teacher(Rng(1));
  const Dataset data = samples();
  const Index batch_size = GENERATE(1, 7, 256);
  // Layer 3 is dropout: in inference what it gives is what layer 2 gave.
  const CachedFeatures cached(teacher, data, Layers<1, 3>{}, batch_size);
  STATIC_REQUIRE(decltype(cached)::static_classes == 4);
  STATIC_REQUIRE(decltype(cached)::holds<1>);
  STATIC_REQUIRE_FALSE(decltype(cached)::holds<2>);
  STATIC_REQUIRE(decltype(cached)::holds<4>);
  CHECK(cached.size() == 100);

  Vector<Index> indices(5);
  indices << 99, 0, 42, 42, 7;
  const Matrix<float> all = data.inputs();
  Matrix<float> inputs(12, 5);
  for (Index b = 0; b < 5; ++b) inputs.col(b) = all.col(indices(b));
  const Labels labels = Labels::Zero(5);
  auto live = teacher.make_workspace(8);
  auto room = cached.make_workspace(8);
  const auto expected = teacher.logits(batch_of(inputs, labels, indices), live);
  const auto logits = cached.logits(batch_of(inputs, labels, indices), room);
  CHECK(map(logits).isApprox(map(expected), 1e-5F));
  CHECK(map(room.value(1)).isApprox(map(live.value(1)), 1e-5F));
  CHECK(map(room.value(3)).isApprox(map(live.value(3)), 1e-5F));
}

TEST_CASE("cached features train the student that the live network trains",
          "[teachers][cached_features]") {
  const Network<Big> teacher(Rng(1));
  const Dataset data = samples();
  const auto train = [&](const auto& by) {
    Network<Small> student(Rng(2));
    Distiller distiller(by, student, SoftTargets{}, Hint<3, 2>{{.weight = 1}});
    distiller.fit(data, Adam{}, {.epochs = 3, .batch_size = 16});
    return Vector<float>(map(student.params()));
  };
  CHECK(train(CachedFeatures(teacher, data, Layers<3>{})).isApprox(train(teacher), 1e-4F));
}

TEST_CASE("looking features up allocates nothing", "[teachers][cached_features]") {
  const Dataset data = samples();
  const CachedFeatures cached(Network<Big>(Rng(1)), data, Layers<2>{});
  const Matrix<float> inputs = data.inputs().leftCols(3);
  const Labels labels = Labels::Zero(3);
  const Vector<Index> indices = Vector<Index>::Constant(3, 5);
  auto room = cached.make_workspace(3);
  const Index before = kd::test::allocations();
  cached.logits(batch_of(inputs, labels, indices), room);
  CHECK(kd::test::allocations() == before);
}

TEST_CASE("cached features refuse what does not fit", "[teachers][cached_features]") {
  const Network<Big> teacher(Rng(1));
  CHECK_THROWS_AS(CachedFeatures(teacher, samples(), Layers<2>{}, 0), ConfigError);

  const Dataset data = samples();
  CachedFeatures cached(teacher, data, Layers<2>{});
  Network<Small> student(Rng(2));
  Distiller distiller(cached, student, Hint<2, 2>{});
  CHECK_THROWS_WITH(
      distiller.fit(samples(99), Adam{}),
      "CachedFeatures: knows a data set of 100 samples with 12 features, got one of 99 with "
      "12");
  const FitOptions augmented{.augment = [](auto, Rng) {}};
  CHECK_THROWS_AS(distiller.fit(data, Adam{}, augmented), ConfigError);
  cached.accept_augmented_inputs();
  CHECK_NOTHROW(distiller.fit(data, Adam{}, augmented));

  auto room = cached.make_workspace(1);
  const Matrix<float> x = Matrix<float>::Zero(12, 1);
  const Labels y = Labels::Zero(1);
  for (const Index bad : {-1, 100}) {
    const Vector<Index> indices = Vector<Index>::Constant(1, bad);
    CHECK_THROWS_AS(cached.logits(batch_of(x, y, indices), room), DataError);
  }
}
