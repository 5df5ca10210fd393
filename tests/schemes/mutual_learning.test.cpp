// SPDX-License-Identifier: MIT
#include "kd/schemes/mutual_learning.hpp"

#include <limits>
#include <vector>

#include "kd/loss/cross_entropy.hpp"
#include "kd/nn/dropout.hpp"
#include "kd/nn/linear.hpp"
#include "kd/nn/relu.hpp"
#include "kd/optim/adam.hpp"
#include "kd/optim/sgd.hpp"
#include "kd/train/evaluate.hpp"
#include "kd/train/fit.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::entry;
using kd::test::golden;
using kd::test::random_labels;
using kd::test::random_matrix;

namespace {

using Net = Sequential<Linear<5, 8>, ReLU, Linear<8, 4>>;
using Small = Sequential<Linear<5, 4>>;

Dataset make_data(Index samples = 40) {
  return {random_matrix<float>(5, samples, 3), random_labels(samples, 4, 4), 4};
}

/// A student whose logits of sample b are its weights of input b.
using Table = Network<Sequential<Linear<>>, cpu::Space, double>;

Table table_of(const Matrix<double>& logits) {
  Table table(Sequential(Linear<>(logits.cols(), logits.rows())), Rng(0));
  map(table.params()).setZero();
  MatrixView<double> weight{table.params().data, logits.cols(), logits.rows()};
  map(weight) = logits.transpose();
  return table;
}

Matrix<double> logits_of(const Table& table, Index classes, Index samples) {
  return map(MatrixView<const double>{table.params().data, samples, classes}).transpose();
}

}  // namespace

TEST_CASE("mutual learning gives what PyTorch gives", "[schemes][mutual_learning]") {
  const std::string name = "mutual/";
  const Matrix<double> all = golden(name + "logits");
  const Matrix<double> gradients = golden(name + "gradient");
  const Dataset data(Matrix<float>(Matrix<float>::Identity(6, 6)),
                     kd::test::golden_labels(name + "labels"), 10);
  Table a = table_of(entry(all, 0, 10));
  Table b = table_of(entry(all, 1, 10));
  Table c = table_of(entry(all, 2, 10));
  MutualLearning mutual({}, a, b, c);
  const FitReport report =
      mutual.fit(data, Sgd{{.lr = 1}}, {.epochs = 1, .batch_size = 6, .shuffle = false});
  const Vector<double> values = kd::test::golden_vector(name + "value");
  Index i = 0;
  for (const Table* table : {&a, &b, &c}) {
    INFO("student " << i + 1);
    const Matrix<double> step = entry(all, i, 10) - logits_of(*table, 10, 6);
    CHECK(kd::test::relative_distance(step, entry(gradients, i, 10), 1e-4) < 1e-9);
    const LossTerm& hard = report.epochs[0].terms[static_cast<std::size_t>(2 * i)];
    const LossTerm& peers = report.epochs[0].terms[static_cast<std::size_t>(2 * i + 1)];
    CHECK(hard.weight == 1);
    CHECK(peers.weight == 0.5);
    CHECK_THAT(hard.weight * hard.value + peers.weight * peers.value, WithinRel(values(i), 1e-12));
    ++i;
  }
}

TEST_CASE("mutual learning reports both losses of each student", "[schemes][mutual_learning]") {
  Network<Net> one(Rng(1));
  Network<Small> other(Rng(2));
  const FitReport report = MutualLearning({}, one, other).fit(make_data(), Adam{}, {.epochs = 1});
  const auto& terms = report.epochs[0].terms;
  REQUIRE(terms.size() == 4);
  CHECK(terms[0].name == "hard 1");
  CHECK(terms[1].name == "peers 1");
  CHECK(terms[2].name == "hard 2");
  CHECK(terms[3].name == "peers 2");
  double loss = 0;
  for (const LossTerm& term : terms) loss += term.weight * term.value;
  CHECK(report.epochs[0].loss == Approx(loss));
}

TEST_CASE("without peers students learn as if they were alone", "[schemes][mutual_learning]") {
  Network<Net> one(Rng(1));
  Network<Small> other(Rng(2));
  Network<Small> alone(Rng(2));
  const FitOptions options{.epochs = 3, .batch_size = 16};
  MutualLearning({.peer_weight = 0}, one, other).fit(make_data(), Adam{}, options);
  fit(alone, make_data(), CrossEntropy{}, Adam{}, options);
  CHECK(map(other.params()).isApprox(map(alone.params()), 1e-5F));
}

TEST_CASE("students that listen to each other alone come to agree", "[schemes][mutual_learning]") {
  Network<Net> one(Rng(1));
  Network<Small> other(Rng(2));
  MutualLearning mutual({.temperature = 2, .hard_weight = 0}, one, other);
  const FitReport report = mutual.fit(make_data(), Adam{{.lr = 1e-2}}, {.epochs = 60});
  CHECK(report.epochs.back().loss < 0.02 * report.epochs.front().loss);
}

TEST_CASE("the order of the students does not matter", "[schemes][mutual_learning]") {
  Network<Net> a(Rng(1));
  Network<Small> b(Rng(2));
  Network<Net> c(Rng(1));
  Network<Small> d(Rng(2));
  MutualLearning({}, a, b).fit(make_data(), Sgd{}, {.epochs = 2});
  MutualLearning({}, d, c).fit(make_data(), Sgd{}, {.epochs = 2});
  CHECK(map(a.params()) == map(c.params()));
  CHECK(map(b.params()) == map(d.params()));
}

TEST_CASE("students drop out apart from each other", "[schemes][mutual_learning]") {
  using Dropping = Sequential<Linear<5, 20>, ReLU, Dropout, Linear<20, 4>>;
  Network<Dropping> a(Rng(1));
  Network<Dropping> b(Rng(1));
  MutualLearning({}, a, b).fit(make_data(), Sgd{}, {.epochs = 1});
  CHECK(map(a.params()) != map(b.params()));
}

TEST_CASE("a step of mutual learning allocates nothing after the first",
          "[schemes][mutual_learning]") {
  if (!kd::test::counts_allocations()) return;
  Network<Net> one(Rng(1));
  Network<Small> other(Rng(2));
  std::vector<Index> counts;
  counts.reserve(10);
  MutualLearning({}, one, other)
      .fit(make_data(), Adam{}, {.epochs = 1, .batch_size = 8, .on_step = [&](const StepReport&) {
                                   counts.push_back(kd::test::allocations());
                                 }});
  REQUIRE(counts.size() == 5);
  CHECK(counts.back() == counts.front());
}

TEST_CASE("mutual learning names the student that is not finite", "[schemes][mutual_learning]") {
  Network<Small> one(Rng(1));
  Network<Small> other(Rng(2));
  other.params().data[3] = std::numeric_limits<float>::quiet_NaN();
  const Vector<float> before = map(one.params());
  MutualLearning mutual({}, one, other);
  CHECK_THROWS_AS(mutual.fit(make_data(), Sgd{}), NumericError);
  CHECK_THROWS_WITH(mutual.fit(make_data(), Sgd{}),
                    ContainsSubstring("output of layer 1 of student 2"));
  CHECK(map(one.params()) == before);
}

TEST_CASE("mutual learning says what does not fit", "[schemes][mutual_learning]") {
  using Sized = Network<Sequential<Linear<>>>;
  Sized one(Sequential(Linear<>(5, 4)), Rng(1));
  Sized more_classes(Sequential(Linear<>(5, 6)), Rng(1));
  Sized more_features(Sequential(Linear<>(7, 4)), Rng(1));
  CHECK_THROWS_AS(MutualLearning({}, one, more_classes), ShapeError);
  CHECK_THROWS_WITH(MutualLearning({}, one, more_classes),
                    "MutualLearning: expected 4 classes of every student, as the first has, got 6");
  CHECK_THROWS_WITH(
      MutualLearning({}, one, more_features),
      "MutualLearning: expected 5 input features of every student, as the first has, got 7");
  Sized other(Sequential(Linear<>(5, 4)), Rng(2));
  CHECK_THROWS_WITH(MutualLearning({}, one, other, one),
                    "MutualLearning: students 1 and 3 are the same network");
  CHECK_THROWS_WITH(MutualLearning({.temperature = 0}, one, other),
                    "MutualLearning: temperature must be positive and finite, got 0");
  CHECK_THROWS_WITH(MutualLearning({.hard_weight = -1}, one, other),
                    "MutualLearning: hard_weight must be zero or more and finite, got -1");
  CHECK_THROWS_WITH(MutualLearning({.peer_weight = -1}, one, other),
                    "MutualLearning: peer_weight must be zero or more and finite, got -1");
}
