// SPDX-License-Identifier: MIT
#include "kd/methods/top_k.hpp"

#include "kd/methods/soft_targets.hpp"
#include "kd/teachers/cached_teacher.hpp"
#include "kd/testing/check_method.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/logits.hpp"

using namespace kd;
using kd::test::golden;
using kd::test::golden_vector;
using kd::test::on_logits;
using kd::test::random_labels;
using kd::test::random_matrix;
using kd::test::relative_distance;

namespace {

/// A teacher that keeps `k` of these logits, (classes, samples).
template <class S>
TopKTeacher<S> top_k_of(const Matrix<S>& logits, Index k, TopKTeacherOptions options = {}) {
  const Dataset data(Matrix<float>(Matrix<float>::Zero(1, logits.cols())),
                     Labels(Labels::Zero(logits.cols())), logits.rows());
  return TopKTeacher<S>(CachedTeacher(logits), data, k, options);
}

constexpr std::array all_ways{MissingMass::renormalise, MissingMass::tail_bucket,
                              MissingMass::uniform_tail};
constexpr std::array names{"renormalise", "tail_bucket", "uniform_tail"};

}  // namespace

TEST_CASE("top-k distillation passes the checks of a method", "[methods][top_k]") {
  using Net = kd::testing::SmallStudent;
  const Network<Net, cpu::Space, double> network(Rng(1));
  const Network<Net, cpu::Space, double> student(Rng(2));
  const kd::testing::CheckMethodOptions options{.allocations = kd::test::allocations};
  const Index k = GENERATE(1, 2, 4);
  const TopKTeacher teacher(network, kd::testing::make_data(student, options), k);
  for (const MissingMass way : all_ways) {
    INFO("k " << k << ' ' << names[static_cast<std::size_t>(way)]);
    const auto report =
        kd::testing::check_method(TopK{{.missing_mass = way}}, teacher, student, options);
    INFO(report.message());
    CHECK(report.passed());
  }
}

TEST_CASE("top-k distillation gives what PyTorch gives", "[methods][top_k]") {
  const std::string name = "top_k/";
  const Matrix<double> student = golden(name + "student");
  const Matrix<double> teacher = golden(name + "teacher");
  const Vector<double> temperatures = golden_vector(name + "temperatures");
  for (Index i = 0; i < temperatures.size(); ++i) {
    const auto kept = top_k_of(teacher, 3, {.temperature = temperatures(i)});
    CHECK(map(kept.table().classes) == golden<Label>(name + "indices"));
    for (const MissingMass way : all_ways) {
      const std::string of_way = name + names[static_cast<std::size_t>(way)];
      INFO(of_way << " temperature " << temperatures(i));
      const auto loss = on_logits(TopK{{.missing_mass = way, .weight = 1}}, kept, student,
                                  Labels(Labels::Zero(student.cols())));
      CHECK_THAT(loss.value, WithinRel(golden_vector(of_way + "_value")(i), 1e-11));
      const Matrix<double> gradients = golden(of_way + "_gradient");
      CHECK(relative_distance(loss.gradient, kd::test::entry(gradients, i, 10), 1e-6) < 1e-9);
    }
  }
}

TEST_CASE("with all classes kept top-k distillation is soft targets", "[methods][top_k]") {
  const Matrix<double> student = random_matrix<double>(7, 5, 1, 3);
  const Matrix<double> teacher = random_matrix<double>(7, 5, 2, 3);
  const Labels labels = random_labels(5, 7, 3);
  const auto all = top_k_of(teacher, 7, {.temperature = 3});
  const auto expected =
      on_logits(SoftTargets{{.temperature = 3, .hard_weight = 0, .soft_weight = 0.9}}, teacher,
                student, labels);
  for (const MissingMass way : all_ways) {
    const auto loss = on_logits(TopK{{.missing_mass = way}}, all, student, labels);
    CHECK_THAT(loss.value, WithinRel(expected.value, 1e-12));
    CHECK(relative_distance(loss.gradient, expected.gradient, 1e-6) < 1e-9);
  }
}

TEST_CASE("a top-k teacher fills in a uniform tail for other methods", "[methods][top_k]") {
  const Matrix<double> student = random_matrix<double>(7, 5, 1, 3);
  const Matrix<double> teacher = random_matrix<double>(7, 5, 2, 3);
  const Labels labels = random_labels(5, 7, 3);
  const auto kept = top_k_of(teacher, 2, {.temperature = 3});
  const auto sparse = on_logits(TopK{{.missing_mass = MissingMass::uniform_tail, .weight = 1}},
                                kept, student, labels);
  const auto filled = on_logits(SoftTargets{{.temperature = 3, .hard_weight = 0, .soft_weight = 1}},
                                kept, student, labels);
  CHECK_THAT(filled.value, WithinRel(sparse.value, 1e-12));
  CHECK(relative_distance(filled.gradient, sparse.gradient, 1e-6) < 1e-9);

  // At its temperature the classes that were kept have the probabilities they had.
  auto room = kept.make_workspace(5);
  const Vector<Index> indices{{0, 1, 2, 3, 4}};
  const Batch<double> batch{MatrixView<const double>(nullptr, 0, 5), {}, view(indices)};
  const Matrix<double> got = (map(kept.logits(batch, room)) / 3).array().exp();
  const Matrix<double> whole = (teacher / 3).array().exp();
  for (Index b = 0; b < 5; ++b) {
    const Index largest = kept.table().classes.data[2 * b];
    CHECK_THAT(got(largest, b) / got.col(b).sum(),
               WithinRel(whole(largest, b) / whole.col(b).sum(), 1e-12));
  }
}

TEST_CASE("a top-k teacher keeps the first of equal logits", "[methods][top_k]") {
  const Matrix<float> logits{{1, 5}, {4, 5}, {4, 5}, {4, 5}, {9, 5}};
  const auto kept = top_k_of(logits, 3);
  CHECK(map(kept.table().classes) == Matrix<Label>{{4, 0}, {1, 1}, {2, 2}});
  CHECK(map(kept.table().logits) == Matrix<float>{{9, 5}, {4, 5}, {4, 5}});
}

TEST_CASE("top-k distillation survives logits of 1e4 in float", "[methods][top_k]") {
  const Matrix<float> teacher{{1e4F, 1e4F}, {-1e4F, 0}, {-1e4F, 0}, {0, -1e4F}};
  const Matrix<float> student{{-1e4F, 1e4F}, {1e4F, -1e4F}, {1e4F, 0}, {0, 0}};
  const Labels labels = Labels::Zero(2);
  for (const Index k : {1, 2, 4}) {
    const auto kept = top_k_of(teacher, k, {.temperature = 1});
    for (const MissingMass way : all_ways) {
      const auto loss = on_logits(TopK{{.missing_mass = way, .weight = 1}}, kept, student, labels);
      CHECK(std::isfinite(loss.value));
      CHECK(loss.gradient.allFinite());
      CHECK_THAT(loss.value, WithinRel(2e4 / 2, 1e-3));  // sample 2 is right
    }
  }
}

TEST_CASE("top-k distillation keeps its digits at high temperatures", "[methods][top_k]") {
  const Matrix<float> teacher = random_matrix<float>(9, 5, 1, 3);
  const Matrix<float> student = random_matrix<float>(9, 5, 2, 3);
  const Labels labels = random_labels(5, 9, 3);
  for (const double temperature : {30., 1e3, 1e5}) {
    for (const Index k : {1, 4, 9}) {
      for (const MissingMass way : all_ways) {
        INFO("T " << temperature << ", k " << k << ' ' << names[static_cast<std::size_t>(way)]);
        const TopKTeacherOptions options{.temperature = temperature};
        const TopK method{{.missing_mass = way, .weight = 1}};
        const auto exact =
            on_logits(method, top_k_of(Matrix<double>(teacher.cast<double>()), k, options),
                      Matrix<double>(student.cast<double>()), labels);
        const auto got = on_logits(method, top_k_of(teacher, k, options), student, labels);
        CHECK_THAT(got.value, WithinRel(exact.value, 1e-5));
        CHECK((got.gradient.cast<double>() - exact.gradient).norm() < 1e-5 * exact.gradient.norm());
      }
    }
  }
}

TEST_CASE("a top-k teacher says how much memory it saves", "[methods][top_k]") {
  const auto kept = top_k_of(random_matrix<float>(1000, 20, 1), 8);
  CHECK(kept.k() == 8);
  CHECK(kept.size() == 20);
  CHECK(kept.num_classes() == 1000);
  CHECK(kept.bytes() == 20 * (8 * (4 + 4) + 4));
  CHECK(kept.full_bytes() == 20 * 1000 * 4);
}

TEST_CASE("top-k distillation says what does not fit", "[methods][top_k]") {
  const Matrix<float> logits = random_matrix<float>(4, 3, 1);
  CHECK_THROWS_AS(top_k_of(logits, 0), ConfigError);
  CHECK_THROWS_WITH(top_k_of(logits, 0),
                    "TopKTeacher: k must be between 1 and the 4 classes of the teacher, got 0");
  CHECK_THROWS_WITH(top_k_of(logits, 5),
                    "TopKTeacher: k must be between 1 and the 4 classes of the teacher, got 5");
  CHECK_THROWS_WITH(top_k_of(logits, 2, {.temperature = 0}),
                    "TopKTeacher: temperature must be positive and finite, got 0");
  CHECK_THROWS_WITH(TopK({.weight = -1}), "TopK: weight must be zero or more and finite, got -1");
}
