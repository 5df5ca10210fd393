// SPDX-License-Identifier: MIT
#include "kd/methods/pooled.hpp"

#include "kd/methods/contrastive.hpp"
#include "kd/methods/probabilistic_transfer.hpp"
#include "kd/methods/relational_kd.hpp"
#include "kd/methods/similarity_preserving.hpp"
#include "kd/testing/check_method.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/maps.hpp"

using namespace kd;
using kd::test::make_on_maps;
using kd::test::on_features;
using kd::test::random_matrix;
using kd::test::relative_distance;

namespace {

const Shape student_maps{3, 4, 2};
const Shape teacher_maps{5, 3, 3};

/// (channels, batch)
Matrix<double> means_of(const Matrix<double>& maps, const Shape& shape) {
  return maps.reshaped(shape.area(), shape.channels * maps.cols())
      .colwise()
      .mean()
      .reshaped(shape.channels, maps.cols());
}

template <class M>
void check_on_maps(const M& method, kd::testing::CheckMethodOptions options = {.seed = 2}) {
  options.allocations = kd::test::allocations;
  const auto report =
      kd::testing::check_method<kd::test::MapTeacher, kd::test::MapStudent>(method, options);
  INFO(report.message());
  CHECK(report.passed());
}

const kd::testing::CheckMethodOptions with_banks{.batch = 4, .seed = 3, .remembers = true};

/// The loss of means, each of whose gradients falls to the elements of a map in equal parts.
template <template <Index, Index> class M>
void check_means() {
  const Matrix<double> student = random_matrix<double>(24, 6, 1);
  const Matrix<double> teacher = random_matrix<double>(45, 6, 2);
  const auto expected =
      on_features(M<1, 1>{}, means_of(student, student_maps), means_of(teacher, teacher_maps));
  const auto got =
      make_on_maps(Pooled<M, 1, 1>{}, student_maps, teacher_maps, 6).run(student, teacher);
  REQUIRE(expected.gradient.norm() > 0);
  CHECK_THAT(got.value, WithinRel(expected.value, 1e-12));
  CHECK(relative_distance(means_of(8 * got.gradient, student_maps), expected.gradient, 1e-9) <
        1e-9);
  CHECK(relative_distance(got.gradient.reshaped(8, 18),
                          (expected.gradient.reshaped(1, 18).replicate(8, 1) / 8).eval(),
                          1e-9) < 1e-9);
}

}  // namespace

TEST_CASE("methods on samples pass their checks on maps", "[methods][pooled]") {
  check_on_maps(SimilarityPreserving<2, 1>{});
  check_on_maps(ProbabilisticTransfer<2, 1>{});
  check_on_maps(RelationalKd<2, 1>{});
  check_on_maps(Contrastive<2, 1>{{.width = 3, .negatives = 2, .temperature = 0.5}}, with_banks);
}

TEST_CASE("methods on samples pass their checks on means of maps", "[methods][pooled]") {
  check_on_maps(Pooled<SimilarityPreserving, 2, 1>{});
  check_on_maps(Pooled<ProbabilisticTransfer, 2, 1>{});
  check_on_maps(Pooled<RelationalKd, 2, 1>{});
  check_on_maps(Pooled<Contrastive, 2, 1>{{.width = 3, .negatives = 2, .temperature = 0.5}},
                with_banks);
}

TEST_CASE("what a method sees are the means of maps", "[methods][pooled]") {
  check_means<SimilarityPreserving>();
  check_means<ProbabilisticTransfer>();
  check_means<RelationalKd>();
}

TEST_CASE("a lone sample adds nothing to a method on pairs of means", "[methods][pooled]") {
  auto bench = make_on_maps(Pooled<SimilarityPreserving, 1, 1>{}, student_maps, teacher_maps, 4);
  bench.run(random_matrix<double>(24, 4, 1), random_matrix<double>(45, 4, 2));
  const auto loss = bench.run(random_matrix<double>(24, 1, 1), random_matrix<double>(45, 1, 2));
  CHECK(loss.value == 0);
  CHECK(loss.gradient.isZero(0));
  CHECK_THROWS_AS(make_on_maps(Pooled<SimilarityPreserving, 1, 1>{}, student_maps, teacher_maps, 1),
                  ConfigError);
}

TEST_CASE("options of a method on means are its own", "[methods][pooled]") {
  using Method = Pooled<SimilarityPreserving, 1, 1>;
  CHECK_THROWS_WITH(Method({.weight = -1}),
                    "SimilarityPreserving: weight must be zero or more and finite, got -1");
  CHECK(Method({.weight = 7}).weights({})[0] == 7);
  CHECK(Method::taps == std::array<Index, 2>{1, 1});
  CHECK(Method::terms == SimilarityPreserving<1, 1>::terms);
}
