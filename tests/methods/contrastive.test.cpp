// SPDX-License-Identifier: MIT
#include "kd/methods/contrastive.hpp"

#include <set>

#include "kd/cpu/ops/contrast.hpp"
#include "kd/distill/distiller.hpp"
#include "kd/testing/check_method.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::golden;
using kd::test::random_matrix;
using kd::test::relative_distance;

namespace {

const cpu::Space host;

/// One side of the golden case: the features, the block of its embedding and the other's bank.
struct GoldenSide {
  Matrix<double> features;
  Vector<double> block;
  Matrix<double> bank;  ///< of the other side

  GoldenSide(const std::string& side, const std::string& other)
      : features(golden("contrastive/" + side)), bank(golden("contrastive/" + other + "_bank")) {
    const Vector<double> bias = kd::test::golden_vector("contrastive/" + side + "_bias");
    block.resize(bias.size() * (features.rows() + 1));
    block << golden("contrastive/" + side + "_weight").reshaped(), bias;
  }

  kd::detail::Embedding<double, cpu::Space> embedding() const {
    return {features.rows(), bank.rows(), 0, features.cols(), host};
  }
};

struct GoldenDraw {
  Vector<Index> own;
  Matrix<std::int32_t> drawn;

  GoldenDraw() {
    const auto indices = golden<std::int32_t>("contrastive/indices");
    own = indices.row(0).transpose().cast<Index>();
    drawn = indices.bottomRows(indices.rows() - 1).cast<std::int32_t>();
  }
};

using Large = Sequential<Linear<6, 9>, ReLU, Linear<9, 3>>;
using Small = Sequential<Linear<6, 4>, ReLU, Linear<4, 3>>;

Dataset samples(Index count) {
  return {random_matrix<float>(6, count, 1), kd::test::random_labels(count, 3, 2), 3};
}

ContrastiveOptions few() { return {.width = 8, .negatives = 12}; }

}  // namespace

TEST_CASE("contrastive distillation passes the checks of a method", "[methods][contrastive]") {
  const auto sharp = kd::testing::check_method(Contrastive<2, 1>{{.width = 7, .negatives = 70}},
                                               {.remembers = true});
  INFO(sharp.message());
  CHECK(sharp.passed());
  const auto blunt = kd::testing::check_method(
      Contrastive<1, 3>{{.width = 3, .negatives = 2, .temperature = 0.5, .momentum = 0}},
      {.batch = 4, .seed = 3, .remembers = true});
  INFO(blunt.message());
  CHECK(blunt.passed());
}

TEST_CASE("the contrast gives what PyTorch gives", "[methods][contrastive]") {
  const GoldenDraw draw;
  const Index batch = draw.own.size();
  for (const std::string kind : {"paper", "code"}) {
    const Vector<double> normalisers =
        kd::test::golden_vector("contrastive/" + kind + "_normalisers");
    for (const std::string side : {"student", "teacher"}) {
      INFO(kind << ", " << side);
      const GoldenSide given(side, side == "student" ? "teacher" : "student");
      auto embedding = given.embedding();
      const auto unit = embedding.forward(host, view(given.block), view(given.features));
      const Index which = side == "student" ? 0 : 1;
      if (kind == "code") {
        Vector<double> normaliser(1);
        op_contrast_normaliser(host, unit, view(given.bank), view(draw.own), view(draw.drawn), 0.07,
                               view(normaliser));
        CHECK_THAT(normaliser(0), WithinRel(normalisers(which), 1e-12));
      }
      const Vector<double> normaliser = normalisers.segment(which, 1);
      Matrix<double> gradient(unit.rows, batch);
      Vector<double> values(batch);
      op_contrast(host, unit, view(given.bank), view(draw.own), view(draw.drawn), view(normaliser),
                  0.07, 1. / static_cast<double>(batch), view(gradient), view(values));
      CHECK_THAT(values.mean(), WithinRel(kd::test::golden_vector("contrastive/" + kind + "_" +
                                                                  side + "_value")(0),
                                          1e-12));

      Vector<double> dblock = Vector<double>::Zero(given.block.size());
      Matrix<double> dfeatures = Matrix<double>::Zero(given.features.rows(), batch);
      embedding.backward(host, view(given.block), view(given.features), view(gradient),
                         view(dblock), view(dfeatures));
      const std::string name = "contrastive/" + kind + "_d" + side;
      if (side == "student") CHECK(relative_distance(dfeatures, golden(name), 1e-9) < 1e-9);
      const Index weights = dblock.size() - unit.rows;
      CHECK(relative_distance(dblock.head(weights), golden(name + "_weight").reshaped(), 1e-9) <
            1e-9);
      CHECK(relative_distance(dblock.tail(unit.rows), kd::test::golden_vector(name + "_bias"),
                              1e-9) < 1e-9);
    }
  }
}

TEST_CASE("entries of the bank move as PyTorch moves them", "[methods][contrastive]") {
  const GoldenDraw draw;
  for (const std::string side : {"student", "teacher"}) {
    const GoldenSide given(side, side);  // its own bank
    Matrix<double> bank = given.bank;
    auto embedding = given.embedding();
    const auto unit = embedding.forward(host, view(given.block), view(given.features));
    op_move_bank(host, unit, view(draw.own), 0.5, view(bank));
    CHECK(relative_distance(bank, golden("contrastive/" + side + "_bank_after"), 1e-9) < 1e-12);
  }
}

TEST_CASE("an embedding that is not finite moves no entry", "[methods][contrastive]") {
  Matrix<double> bank = Matrix<double>::Identity(3, 4);
  const Matrix<double> before = bank;
  Matrix<double> unit = Matrix<double>::Ones(3, 2);
  unit(1, 0) = std::nan("");
  const Vector<Index> own = Vector<Index>::LinSpaced(2, 0, 1);
  op_move_bank(host, view(std::as_const(unit)), view(own), 0.5, view(bank));
  CHECK(bank.col(0) == before.col(0));
  CHECK(bank.col(1) != before.col(1));
}

TEST_CASE("an entry that meets its opposite half-way is no direction, and no NaN",
          "[methods][contrastive]") {
  const Matrix<double> unit{{0.6}, {-0.8}};
  Matrix<double> bank = -unit;
  const Vector<Index> own = Vector<Index>::Zero(1);
  op_move_bank(host, view(std::as_const(unit)), view(own), 0.5, view(bank));
  CHECK(bank.isZero(0));
}

TEST_CASE("negatives are of other classes, all of them, and go with the sample",
          "[methods][contrastive]") {
  const Index count = 50;
  const Dataset data = samples(count);
  const OtherClasses<> others(data, host);
  Vector<Index> indices(3);
  indices << 7, 31, 12;
  Labels labels(3);
  for (Index b = 0; b < 3; ++b) labels(b) = data.labels().data[indices(b)];
  Matrix<std::int32_t> drawn(1000, 3);
  others.draw(host, Rng(5), view(std::as_const(indices)), view(std::as_const(labels)), view(drawn));
  for (Index b = 0; b < 3; ++b) {
    const auto column = drawn.col(b);
    const std::set<std::int32_t> seen(column.begin(), column.end());
    for (std::int32_t i = 0; i < count; ++i)
      CHECK(seen.count(i) == (data.labels().data[i] == labels(b) ? 0U : 1U));
    // Each of the others about as often as the next.
    for (const std::int32_t sample : seen)
      CHECK(std::count(column.begin(), column.end(), sample) < 3 * 1000 / (count - 25));
  }

  Matrix<std::int32_t> alone(1000, 1);
  const Vector<Index> last = indices.tail(1);
  const Labels label = labels.tail(1);
  others.draw(host, Rng(5), view(last), view(label), view(alone));
  CHECK(alone.col(0) == drawn.col(2));
  // Number k is what the generator says at its place.
  const auto word = Rng(5).word(static_cast<std::uint64_t>(12 * 1024 + 70));
  std::vector<std::int32_t> by_class;
  for (Label c = 0; c < 3; ++c)
    for (std::int32_t i = 0; i < count; ++i)
      if (data.labels().data[i] == c && c != label(0)) by_class.push_back(i);
  CHECK(alone(70, 0) ==
        by_class[static_cast<std::size_t>(std::uint64_t{word} * by_class.size() >> 32)]);
}

TEST_CASE("a memory bank begins with directions", "[methods][contrastive]") {
  const MemoryBank<float> bank(8, 30, Rng(1), host);
  REQUIRE(bank.samples() == 30);
  const Matrix<float> entries = map(bank.entries());
  CHECK(relative_distance(entries.colwise().norm(), Matrix<float>::Ones(1, 30), 1) < 1e-6);
  CHECK(entries.rowwise().mean().norm() < 0.5F);
}

TEST_CASE("contrastive distillation tells samples apart after training", "[methods][contrastive]") {
  const Network<Large> teacher(Rng(1));
  Network<Small> student(Rng(2));
  const Dataset data = samples(60);
  Distiller distiller(teacher, student, Contrastive<2, 1>(few()));
  const FitReport report = distiller.fit(data, Adam{{.lr = 0.01}}, {.epochs = 30, .batch_size = 8});
  REQUIRE(report.epochs.front().terms.size() == 2);
  CHECK(report.epochs.back().loss < 0.7 * report.epochs.front().loss);

  const auto tensors = distiller.state<0>().tensors();
  REQUIRE(tensors.size() == 4);
  CHECK(tensors[0].name == "student weight");
  CHECK(tensors[3].name == "teacher bias");
  CHECK(tensors[3].offset + tensors[3].size() == distiller.state<0>().params().size);

  // A second fit goes on with the banks, and knows only this data set.
  const Matrix<float> bank = map(distiller.state<0>().student_bank.entries());
  const FitReport second = distiller.fit(data, Adam{{.lr = 1e-9}}, {.batch_size = 20});
  CHECK(second.epochs.front().loss < 1.3 * report.epochs.back().loss);
  const Matrix<float> moved = map(distiller.state<0>().student_bank.entries());
  CHECK((moved - bank).norm() < 0.3F * bank.norm());
  const auto other_data = [&] { distiller.fit(samples(50), Adam{}); };
  CHECK_THROWS_AS(other_data(), ShapeError);
  CHECK_THROWS_WITH(other_data(),
                    "Contrastive: memory bank: knows a data set of 60 samples with 6 features, "
                    "got one of 50 with 6");
  const Dataset others(random_matrix<float>(6, 60, 9), Labels(map(data.labels())), 3);
  CHECK_THROWS_AS(distiller.fit(others, Adam{}), DataError);
  CHECK(Matrix<float>(map(distiller.state<0>().student_bank.entries())) == moved);
}

TEST_CASE("an index beyond the memory bank is an error", "[methods][contrastive]") {
  const Network<Large> teacher(Rng(1));
  const Network<Small> student(Rng(2));
  const Contrastive<2, 1> method(few());
  auto state = method.make_state(teacher, student, 2);
  const Dataset data = samples(20);
  const Matrix<float> inputs = data.inputs().leftCols(2);
  auto teacher_tape = teacher.make_workspace(2);
  auto tape = student.make_workspace(2, Mode::training);
  teacher.forward(view(inputs), teacher_tape);
  student.forward(view(inputs), tape);
  Vector<Index> indices(2);
  indices << 3, 20;
  Vector<double> totals = Vector<double>::Zero(2);
  const auto accumulate = [&] {
    method.accumulate(DistillStep<float, cpu::Space>{host,
                                                     {view(inputs), data.labels().slice(0, 2),
                                                      view(std::as_const(indices))},
                                                     teacher_tape.logits(),
                                                     &teacher_tape,
                                                     tape,
                                                     Progress{},
                                                     view(totals)},
                      state);
  };
  CHECK_THROWS_AS(accumulate(), ConfigError);
  CHECK_THROWS_WITH(accumulate(),
                    "Contrastive: prepare(data, state) must come before the first step");
  method.prepare(data, state);
  const Matrix<float> bank = map(state.student_bank.entries());
  CHECK_THROWS_AS(accumulate(), ShapeError);
  CHECK_THROWS_WITH(accumulate(), "memory bank: expected sample indices 0 to 19, got 20");
  CHECK(Matrix<float>(map(state.student_bank.entries())) == bank);
  CHECK(totals.isZero(0));
  indices(1) = 19;
  accumulate();
  CHECK(totals.minCoeff() > 0);
}

TEST_CASE("contrastive distillation knows the samples of a slice by their place in the whole",
          "[methods][contrastive]") {
  const Network<Large> teacher(Rng(1));
  Network<Small> student(Rng(2));
  const Dataset whole = samples(60);
  const Dataset part = whole.slice(25, 30);
  Distiller distiller(teacher, student, Contrastive<2, 1>(few()));
  distiller.fit(part, Adam{{.lr = 0.01}}, {.epochs = 2, .batch_size = 8});
  const Matrix<float> bank = map(distiller.state<0>().student_bank.entries());
  const Matrix<float> first =
      map(MemoryBank<float>(8, 60, Rng(few().seed).stream(2), host).entries());
  REQUIRE(bank.cols() == 60);
  for (Index i = 0; i < 60; ++i)
    CHECK((bank.col(i) == first.col(i)) == (i < 25 || i >= 55));  // only its own have moved

  Matrix<std::int32_t> drawn(500, 1);
  const Vector<Index> index = Vector<Index>::Constant(1, 40);
  const Labels label = Labels::Constant(1, whole.labels().data[40]);
  OtherClasses<>(part, host).draw(host, Rng(1), view(index), view(label), view(drawn));
  for (const std::int32_t sample : drawn.reshaped()) {
    CHECK((sample >= 25 && sample < 55));
    CHECK(whole.labels().data[sample] != label(0));
  }
  CHECK_NOTHROW(distiller.fit(whole, Adam{{.lr = 0.01}}, {.batch_size = 8}));
}

TEST_CASE("contrastive distillation knows the samples of a subset by their place in the whole",
          "[methods][contrastive]") {
  const Dataset whole = samples(60);
  std::vector<Index> places;
  for (Index i = 1; i < 60; i += 3) places.push_back(i);
  Matrix<std::int32_t> drawn(500, 1);
  const Vector<Index> index = Vector<Index>::Constant(1, 40);
  const Labels label = Labels::Constant(1, whole.labels().data[40]);
  OtherClasses<>(whole.subset(places), host)
      .draw(host, Rng(1), view(index), view(label), view(drawn));
  for (const std::int32_t sample : drawn.reshaped()) {
    CHECK(sample % 3 == 1);
    CHECK(whole.labels().data[sample] != label(0));
  }
}

TEST_CASE("samples of one class have nobody to be told from", "[methods][contrastive]") {
  const Network<Large> teacher(Rng(1));
  Network<Small> student(Rng(2));
  const Dataset data(random_matrix<float>(6, 9, 1), Labels::Constant(9, 1), 3);
  Distiller distiller(teacher, student, Contrastive<2, 1>(few()));
  const auto fit = [&] { distiller.fit(data, Adam{}); };
  CHECK_THROWS_AS(fit(), DataError);
  CHECK_THROWS_WITH(fit(), "OtherClasses: expected samples of at least two classes, got 9 of one");
}

TEST_CASE("the options of contrastive distillation are checked", "[methods][contrastive]") {
  using Method = Contrastive<1, 1>;
  CHECK_THROWS_AS(Method({.weight = -1}), ConfigError);
  CHECK_THROWS_WITH(Method({.weight = -1}),
                    "Contrastive: weight must be zero or more and finite, got -1");
  CHECK_THROWS_WITH(Method({.width = 0}), "Contrastive: width must be at least 1, got 0");
  CHECK_THROWS_WITH(Method({.negatives = 0}), "Contrastive: negatives must be at least 1, got 0");
  CHECK_THROWS_WITH(Method({.temperature = 0}),
                    "Contrastive: temperature must be positive and finite, got 0");
  CHECK_THROWS_WITH(Method({.momentum = 1}), "Contrastive: momentum must be in [0, 1), got 1");
}
