// SPDX-License-Identifier: MIT
#include "kd/methods/wttm.hpp"

#include "kd/loss/kl_divergence.hpp"
#include "kd/testing/check_method.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/logits.hpp"

using namespace kd;
using kd::test::entry;
using kd::test::golden;
using kd::test::golden_vector;
using kd::test::on_logits;
using kd::test::random_matrix;
using kd::test::relative_distance;

TEST_CASE("transformed teacher matching passes the checks of a method", "[methods][wttm]") {
  const bool weighted = GENERATE(false, true);
  const auto report =
      kd::testing::check_method(Wttm{{.temperature = 3, .weighted_samples = weighted}},
                                {.allocations = kd::test::allocations});
  INFO(report.message());
  CHECK(report.passed());
}

TEST_CASE("transformed teacher matching gives what PyTorch gives", "[methods][wttm]") {
  const std::string name = GENERATE("wttm/random_", "wttm/extreme_");
  const bool weighted = GENERATE(false, true);
  const std::string kind = name + (weighted ? "wttm_" : "ttm_");
  const Vector<double> temperatures = golden_vector("wttm/temperatures");
  const Matrix<double> gradients = golden(kind + "gradient");
  for (Index i = 0; i < temperatures.size(); ++i) {
    INFO(kind << " T " << temperatures(i));
    const auto loss =
        on_logits(Wttm{{.temperature = temperatures(i), .weighted_samples = weighted, .weight = 1}},
                  golden(name + "teacher"), golden(name + "student"));
    CHECK_THAT(loss.value, WithinRel(golden_vector(kind + "value")(i), 1e-12));
    CHECK(relative_distance(loss.gradient, entry(gradients, i, 10), 1e-6) < 1e-9);
  }
}

TEST_CASE("at T = 1 transformed teacher matching is Hinton's", "[methods][wttm]") {
  const bool weighted = GENERATE(false, true);
  const Matrix<double> student = random_matrix<double>(7, 5, 1, 3);
  const Matrix<double> teacher = random_matrix<double>(7, 5, 2, 3);
  const Wttm method{{.temperature = 1, .weighted_samples = weighted, .weight = 1}};
  const auto loss = on_logits(method, teacher, student);
  const auto expected = KlDivergence{}(student, teacher);
  CHECK_THAT(loss.value, WithinRel(expected.value, 1e-12));
  CHECK(relative_distance(loss.gradient, expected.gradient, 1e-9) < 1e-9);
  CHECK(on_logits(method, teacher, teacher).value < 1e-15);
}

TEST_CASE("a student that says what the softened teacher says has nothing to learn",
          "[methods][wttm]") {
  const Matrix<double> teacher = random_matrix<double>(7, 5, 2, 30);
  const Matrix<double> student = teacher.array() / 4 + 3;
  const auto loss = on_logits(Wttm{{.temperature = 4}}, teacher, student);
  CHECK(loss.value < 1e-14);
  CHECK(loss.gradient.cwiseAbs().maxCoeff() < 1e-14);
}

TEST_CASE("samples count from 1, of a sure teacher, to C^(1 - 1/T)", "[methods][wttm]") {
  const double temperature = 4;
  const Matrix<double> teacher{{200, 5}, {0, 5}, {0, 5}};
  const Matrix<double> student = random_matrix<double>(3, 2, 1, 2);
  for (Index b = 0; b < 2; ++b) {
    const Matrix<double> v = teacher.col(b), z = student.col(b);
    const auto value = [&](bool weighted) {
      return on_logits(Wttm{{.temperature = temperature, .weighted_samples = weighted}}, v, z)
          .terms(0);
    };
    CHECK_THAT(value(true) / value(false),
               WithinRel(b == 0 ? 1. : std::pow(3., 1 - 1 / temperature), 1e-12));
  }
}

TEST_CASE("transformed teacher matching is finite for logits as large as they come",
          "[methods][wttm]") {
  const float huge = 1e37F;
  const Matrix<float> logits{{huge, -huge, 0, -huge}, {-huge, huge, 0, huge}, {0, 0, huge, huge}};
  const Matrix<float> reversed = logits.rowwise().reverse();
  for (const double temperature : {1., 3., 1e6}) {
    const auto loss = on_logits(Wttm{{.temperature = temperature, .weight = 1}}, reversed, logits);
    CHECK(loss.terms.allFinite());
    CHECK(loss.gradient.allFinite());
  }
}

TEST_CASE("at high temperatures the teacher of each sample is uniform, and T^2 is nowhere",
          "[methods][wttm]") {
  const Matrix<float> teacher{{3}, {-2}, {1}, {0}};
  const Matrix<float> student{{1}, {0}, {2}, {0}};
  const auto loss = on_logits(Wttm{{.temperature = 1e12, .weighted_samples = true, .weight = 1}},
                              teacher, student);
  const auto expected = KlDivergence{}(student, Matrix<float>(Matrix<float>::Zero(4, 1)));
  CHECK_THAT(loss.value, WithinRel(4 * double{expected.value}, 1e-5));
  CHECK(relative_distance(loss.gradient, 4 * expected.gradient, 1e-3) < 1e-5);
}

TEST_CASE("options of transformed teacher matching are checked", "[methods][wttm]") {
  CHECK_THROWS_AS(Wttm({.temperature = 0}), ConfigError);
  CHECK_THROWS_WITH(Wttm({.temperature = -2}),
                    "Wttm: temperature must be positive and finite, got -2");
  CHECK_THROWS_WITH(Wttm({.weight = -1}), "Wttm: weight must be zero or more and finite, got -1");
}
