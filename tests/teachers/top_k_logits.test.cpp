// SPDX-License-Identifier: MIT
#include "kd/teachers/top_k_logits.hpp"

#include <limits>

#include "kd/methods/soft_targets.hpp"
#include "kd/methods/top_k.hpp"
#include "kd/teachers/cached_teacher.hpp"
#include "kd/teachers/top_k_teacher.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/logits.hpp"

using namespace kd;
using kd::test::error_of;
using kd::test::on_logits;
using kd::test::random_matrix;

namespace {

constexpr std::array all_ways{MissingMass::renormalise, MissingMass::tail_bucket,
                              MissingMass::uniform_tail};

/// A teacher of 5 classes that keeps 3 of 4 samples.
TopKTeacher<float> live() {
  const Matrix<float> logits = random_matrix<float>(5, 4, 1, 3);
  const Dataset data(Matrix<float>(Matrix<float>::Zero(1, 4)), Labels(Labels::Zero(4)), 5);
  return {CachedTeacher(logits), data, 3, {.temperature = 2}};
}

/// Two of three classes of two samples, as they should be.
TopKLogits<float> good() {
  return {.classes = Matrix<Label>{{2, 0}, {1, 2}},
          .logits = Matrix<float>{{3, 5}, {1, -4}},
          .tail = Vector<float>{{0.5F, -7}},
          .num_classes = 3,
          .temperature = 2,
          .source = "top_k.npz"};
}

bool are_same(const TopKLogits<float>& a, const TopKLogits<float>& b) {
  return a.classes == b.classes && a.logits == b.logits && a.tail == b.tail &&
         a.num_classes == b.num_classes && a.temperature == b.temperature;
}

}  // namespace

TEST_CASE("a top-k teacher is made of what another kept", "[teachers][top_k]") {
  const TopKTeacher<float> teacher = live();
  const TopKLogits<float> kept = teacher.kept();
  CHECK(kept.classes == map(teacher.table().classes));
  CHECK(kept.logits == map(teacher.table().logits));
  CHECK(kept.tail == map(teacher.table().tail));
  CHECK(kept.num_classes == 5);
  CHECK(kept.temperature == 2);

  const TopKTeacher again(kept);
  STATIC_REQUIRE(std::is_same_v<decltype(again), const TopKTeacher<float>>);
  CHECK(are_same(again.kept(), kept));
  CHECK(again.k() == 3);
  CHECK(again.size() == 4);
  CHECK(again.temperature() == 2);
  const TopKTeacher<float, cpu::Space, 5> of_known_classes(kept);
  CHECK(are_same(of_known_classes.kept(), kept));

  const Matrix<float> student = random_matrix<float>(5, 4, 2, 3);
  const Labels labels = Labels::Zero(4);
  for (const MissingMass way : all_ways) {
    const TopK method{{.missing_mass = way}};
    CHECK(on_logits(method, again, student, labels).gradient ==
          on_logits(method, teacher, student, labels).gradient);
  }
}

TEST_CASE("top logits may come in any order", "[teachers][top_k]") {
  const TopKLogits<float> kept = live().kept();
  TopKLogits<float> turned = kept;
  turned.classes = kept.classes.colwise().reverse();
  turned.logits = kept.logits.colwise().reverse();
  CHECK(are_same(TopKTeacher(turned).kept(), kept));

  turned.logits.setConstant(-0.5F);  // of equal ones the first class is first
  turned.tail.setConstant(-0.5F);
  const TopKLogits<float> equal = TopKTeacher(turned).kept();
  for (Index b = 0; b < 4; ++b)
    CHECK(std::is_sorted(equal.classes.col(b).data(), equal.classes.col(b).data() + 3));
}

TEST_CASE("without a tail the other classes are impossible", "[teachers][top_k]") {
  TopKLogits<double> kept{.classes = Matrix<Label>{{2, 0}, {1, 2}},
                          .logits = Matrix<double>{{3, 5}, {1, -4}},
                          .num_classes = 5,
                          .temperature = 3};
  const TopKTeacher teacher(kept);
  const Matrix<double> student = random_matrix<double>(5, 2, 2, 3);
  const Labels labels = Labels::Zero(2);
  const auto expected =
      on_logits(TopK{{.missing_mass = MissingMass::renormalise}}, teacher, student, labels);
  for (const MissingMass way : all_ways) {
    const auto loss = on_logits(TopK{{.missing_mass = way}}, teacher, student, labels);
    CHECK_THAT(loss.value, WithinRel(expected.value, 1e-12));
    CHECK(loss.gradient.isApprox(expected.gradient, 1e-12));
  }
  const SoftTargets soft{{.temperature = 3, .hard_weight = 0, .soft_weight = 0.9}};
  CHECK_THAT(on_logits(soft, teacher, student, labels).value, WithinRel(expected.value, 1e-12));

  kept.tail.setConstant(2, -std::numeric_limits<double>::infinity());  // what log(0) is
  CHECK(TopKTeacher(kept).kept().tail == teacher.kept().tail);
  CHECK(teacher.kept().tail.allFinite());
}

TEST_CASE("where all classes are kept a tail means nothing", "[teachers][top_k]") {
  TopKLogits<float> all = good();
  all.num_classes = 2;
  all.classes = Matrix<Label>{{1, 0}, {0, 1}};
  all.tail.setConstant(std::numeric_limits<float>::quiet_NaN());
  CHECK(TopKTeacher(all).kept().tail == Vector<float>{{0, 0}});
}

TEST_CASE("what is wrong with top logits is named, with where they are from", "[teachers][top_k]") {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  constexpr float inf = std::numeric_limits<float>::infinity();
  const auto complaint = [](auto error, auto change) {
    TopKLogits<float> bad = good();
    change(bad);
    return std::string(error_of<decltype(error)>([&] { TopKTeacher{bad}; }).what());
  };
  const ShapeError shape("");
  const ConfigError config("");
  const DataError data("");
  CHECK_NOTHROW(TopKTeacher(good()));
  CHECK(complaint(shape, [](auto& x) { x.logits.resize(2, 3); }) ==
        "TopKTeacher of top_k.npz: expected as many classes as logits, (k, samples), got (2, 2) "
        "classes and (2, 3) logits");
  CHECK(complaint(shape,
                  [](auto& x) {
                    x.logits.resize(0, 0);
                    x.classes.resize(0, 0);
                  }) ==
        "TopKTeacher of top_k.npz: expected as many classes as logits, (k, samples), got (0, "
        "0) classes and (0, 0) logits");
  CHECK(complaint(shape, [](auto& x) { x.tail.setZero(3); }) ==
        "TopKTeacher of top_k.npz: expected a tail of 2 numbers, one a sample, got 3");
  CHECK(complaint(config, [](auto& x) { x.num_classes = 1; }) ==
        "TopKTeacher of top_k.npz: k must be between 1 and the 1 classes of the teacher, got 2");
  CHECK(complaint(config, [](auto& x) { x.temperature = 0; }) ==
        "TopKTeacher of top_k.npz: temperature must be positive and finite, got 0");
  CHECK(complaint(data, [](auto& x) { x.classes(0, 1) = 3; }) ==
        "TopKTeacher of top_k.npz: sample 1: expected classes 0 to 2, got 3");
  CHECK(complaint(data, [](auto& x) { x.classes(1, 0) = -1; }) ==
        "TopKTeacher of top_k.npz: sample 0: expected classes 0 to 2, got -1");
  CHECK(complaint(data, [](auto& x) { x.classes(1, 1) = 0; }) ==
        "TopKTeacher of top_k.npz: sample 1: expected different classes, got 0 twice");
  CHECK_THAT(complaint(data, [=](auto& x) { x.logits(1, 1) = nan; }),
             StartsWith("TopKTeacher of top_k.npz: sample 1: expected finite logits, got "));
  CHECK(complaint(data, [=](auto& x) { x.logits(0, 0) = -inf; }) ==
        "TopKTeacher of top_k.npz: sample 0: expected finite logits, got -inf");
  CHECK(complaint(data, [](auto& x) { x.tail(1) = 6; }) ==
        "TopKTeacher of top_k.npz: sample 1: expected a tail of at most the largest logit, which "
        "is 5, got 6");
  CHECK_THAT(complaint(data, [=](auto& x) { x.tail(0) = nan; }),
             ContainsSubstring("sample 0: expected a tail of at most the largest logit"));
  CHECK_THAT(complaint(data,
                       [](auto& x) {
                         x.logits = Matrix<float>{{0.7F, 0.9F}, {0.2F, 0}};
                         x.tail.setZero();
                       }),
             ContainsSubstring("these look like probabilities, not logits"));
  TopKLogits<float> meant = good();
  meant.logits = Matrix<float>{{0.7F, 0.9F}, {0.2F, 0}};
  meant.tail.setZero();
  CHECK_NOTHROW(TopKTeacher(meant, {.accept_probabilities = true}));
  meant.logits(0, 1) = 1.2F;
  CHECK_NOTHROW(TopKTeacher(meant));
  CHECK_THROWS_WITH((TopKTeacher<float, cpu::Space, 4>(good())),
                    "TopKTeacher of top_k.npz: expected 4 classes, got 3");
  TopKLogits<float> nameless = good();
  nameless.source.clear();
  nameless.temperature = 0;
  CHECK_THROWS_WITH(TopKTeacher(nameless),
                    "TopKTeacher: temperature must be positive and finite, got 0");
}

TEST_CASE("top logits of other samples are refused by the name of their file",
          "[teachers][top_k]") {
  const TopKTeacher teacher(good());
  const auto samples = [](Index count) {
    return Dataset(Matrix<float>(Matrix<float>::Zero(1, count)), Labels(Labels::Zero(count)), 3);
  };
  CHECK_NOTHROW(teacher.check_data(samples(2)));
  CHECK_THROWS_WITH(teacher.check_data(samples(3)),
                    "TopKTeacher of top_k.npz: holds the logits of 2 samples, got a data set of 3");
}

TEST_CASE("a cached teacher gives back what it keeps", "[teachers][cached_teacher]") {
  const Matrix<float> logits = random_matrix<float>(4, 9, 5);
  CHECK(CachedTeacher(logits).kept() == logits);
}
