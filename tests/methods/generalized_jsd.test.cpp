// SPDX-License-Identifier: MIT
#include "kd/methods/generalized_jsd.hpp"

#include "kd/loss/kl_divergence.hpp"
#include "kd/testing/check_method.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/logits.hpp"

using namespace kd;
using kd::test::golden;
using kd::test::golden_vector;
using kd::test::on_logits;
using kd::test::random_matrix;
using kd::test::relative_distance;

TEST_CASE("the generalised JSD passes the checks of a method", "[methods][generalized_jsd]") {
  const double beta = GENERATE(0.1, 0.5, 0.9);
  const auto report = kd::testing::check_method(GeneralizedJsd{{.temperature = 2, .beta = beta}},
                                                {.allocations = kd::test::allocations});
  INFO(report.message());
  CHECK(report.passed());
}

TEST_CASE("the generalised JSD gives what PyTorch gives", "[methods][generalized_jsd]") {
  const std::string name = GENERATE("jsd/random_", "jsd/extreme_");
  const Vector<double> betas = golden_vector("jsd/betas");
  const Matrix<double> gradients = golden(name + "gradient");
  for (Index i = 0; i < betas.size(); ++i) {
    INFO(name << " beta " << betas(i));
    const auto loss = on_logits(GeneralizedJsd{{.temperature = 2, .beta = betas(i)}},
                                golden(name + "teacher"), golden(name + "student"));
    CHECK_THAT(loss.value, WithinRel(golden_vector(name + "value")(i), 1e-12));
    CHECK(relative_distance(loss.gradient, kd::test::entry(gradients, i, 10), 1e-6) < 1e-9);
  }
}

TEST_CASE("the JSD is symmetric at one half and bounded by log 2", "[methods][generalized_jsd]") {
  const Matrix<double> student = random_matrix<double>(7, 5, 1, 3);
  const Matrix<double> teacher = random_matrix<double>(7, 5, 2, 3);
  CHECK_THAT(on_logits(GeneralizedJsd{}, teacher, student).value,
             WithinRel(on_logits(GeneralizedJsd{}, student, teacher).value, 1e-13));
  // Exchanged roles and the other beta
  CHECK_THAT(on_logits(GeneralizedJsd{{.beta = 0.3}}, teacher, student).value,
             WithinRel(on_logits(GeneralizedJsd{{.beta = 0.7}}, student, teacher).value, 1e-13));
  const Matrix<float> one{{1e4F}, {0}, {0}};
  const Matrix<float> other{{0}, {1e4F}, {0}};
  CHECK_THAT(on_logits(GeneralizedJsd{}, one, other).value, WithinRel(std::log(2.), 1e-6));
}

TEST_CASE("towards the ends of beta the JSD becomes a share of either divergence",
          "[methods][generalized_jsd]") {
  const Matrix<double> student = random_matrix<double>(7, 5, 1, 3);
  const Matrix<double> teacher = random_matrix<double>(7, 5, 2, 3);
  const double beta = 1e-7;
  const double forward = KlDivergence{}(student, teacher).value;
  const double reverse = KlDivergence{}(teacher, student).value;
  REQUIRE(std::abs(forward - reverse) > 0.1);
  CHECK_THAT(on_logits(GeneralizedJsd{{.beta = beta}}, teacher, student).value / beta,
             WithinRel(forward, 1e-4));
  CHECK_THAT(on_logits(GeneralizedJsd{{.beta = 1 - beta}}, teacher, student).value / beta,
             WithinRel(reverse, 1e-4));
}

TEST_CASE("options of the generalised JSD are checked", "[methods][generalized_jsd]") {
  const double beta = GENERATE(0., 1., -0.1, 1.1);
  CHECK_THROWS_AS(GeneralizedJsd({.beta = beta}), ConfigError);
  CHECK_THROWS_WITH(GeneralizedJsd({.beta = beta}),
                    ContainsSubstring("GeneralizedJsd: beta must be between 0 and 1"));
  CHECK_THROWS_WITH(GeneralizedJsd({.temperature = 0}),
                    "GeneralizedJsd: temperature must be positive and finite, got 0");
  CHECK_THROWS_WITH(GeneralizedJsd({.weight = -1}),
                    "GeneralizedJsd: weight must be zero or more and finite, got -1");
}
