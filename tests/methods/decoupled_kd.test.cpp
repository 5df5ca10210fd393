// SPDX-License-Identifier: MIT
#include "kd/methods/decoupled_kd.hpp"

#include "kd/loss/kl_divergence.hpp"
#include "kd/testing/check_method.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/logits.hpp"

using namespace kd;
using kd::test::golden;
using kd::test::golden_labels;
using kd::test::golden_vector;
using kd::test::on_logits;
using kd::test::random_labels;
using kd::test::random_matrix;
using kd::test::relative_distance;

TEST_CASE("decoupled distillation passes the checks of a method", "[methods][decoupled_kd]") {
  const double temperature = GENERATE(1., 4.);
  const auto report = kd::testing::check_method(DecoupledKd{{.temperature = temperature}},
                                                {.allocations = kd::test::allocations});
  INFO(report.message());
  CHECK(report.passed());
}

TEST_CASE("decoupled distillation gives what PyTorch gives", "[methods][decoupled_kd]") {
  const std::string name = GENERATE("decoupled/random_", "decoupled/extreme_");
  INFO(name);
  const auto loss = on_logits(DecoupledKd{{.warm_up_epochs = 0}}, golden(name + "teacher"),
                              golden(name + "student"), golden_labels(name + "labels"));
  CHECK_THAT(loss.value, WithinRel(golden_vector(name + "value")(0), 1e-12));
  CHECK_THAT(loss.terms(0), WithinRel(golden_vector(name + "target_value")(0), 1e-12));
  CHECK_THAT(loss.terms(1), WithinRel(golden_vector(name + "non_target_value")(0), 1e-12));
  CHECK(relative_distance(loss.gradient, golden(name + "gradient"), 1e-6) < 1e-9);
}

TEST_CASE("Hinton's divergence is the target's part and 1 - p_y of the other",
          "[methods][decoupled_kd]") {
  const double temperature = 3;
  const DecoupledKd method{{.temperature = temperature, .warm_up_epochs = 0}};
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const Matrix<double> student = random_matrix<double>(7, 1, 2 * seed, 4);
    const Matrix<double> teacher = random_matrix<double>(7, 1, 2 * seed + 1, 4);
    const Labels labels = random_labels(1, 7, seed);
    const auto parts = on_logits(method, teacher, student, labels).terms;
    const Vector<double> p = (teacher.array() / temperature).exp();
    const double rest = 1 - p(labels(0)) / p.sum();
    CHECK_THAT(
        parts(0) + rest * parts(1),
        WithinRel(KlDivergence({.temperature = temperature})(student, teacher).value, 1e-11));
  }
}

TEST_CASE("with two classes there is nothing to say of the others", "[methods][decoupled_kd]") {
  const auto loss = on_logits(DecoupledKd{{.temperature = 1, .warm_up_epochs = 0}},
                              random_matrix<double>(2, 4, 1, 3), random_matrix<double>(2, 4, 2, 3),
                              random_labels(4, 2, 1));
  CHECK(loss.terms(0) > 0);
  CHECK(loss.terms(1) == 0);
}

TEST_CASE("decoupled distillation tells a sure student from a sure teacher in float",
          "[methods][decoupled_kd]") {
  // softmax of either is 1 and zeros, whose logarithms are no use.
  const Matrix<float> teacher{{200}, {0}, {1}};
  const Matrix<float> student{{200}, {2}, {0}};
  const auto loss = on_logits(DecoupledKd{{.temperature = 1, .warm_up_epochs = 0}}, teacher,
                              student, Labels(Labels::Zero(1)));
  const Matrix<double> teacher_rest{{0}, {1}};
  const Matrix<double> student_rest{{2}, {0}};
  CHECK_THAT(loss.terms(1), WithinRel(KlDivergence{}(student_rest, teacher_rest).value, 1e-6));
  CHECK(loss.gradient.col(0).cwiseAbs().maxCoeff() > 1);
}

TEST_CASE("decoupled distillation warms up over epochs", "[methods][decoupled_kd]") {
  const DecoupledKd method{{.target_weight = 1, .non_target_weight = 8, .warm_up_epochs = 4}};
  const auto at = [&](Index epoch) {
    return method.weights({.step = 10 * epoch + 9, .steps_per_epoch = 10, .total_steps = 100});
  };
  CHECK(at(0) == std::array{0.25, 2.});
  CHECK(at(1) == std::array{0.5, 4.});
  CHECK(at(3) == std::array{1., 8.});
  CHECK(at(9) == std::array{1., 8.});
  CHECK(DecoupledKd{{.warm_up_epochs = 0}}.weights({}) == std::array{1., 8.});
  CHECK(DecoupledKd{}.weights({}) == std::array{1. / 20, 8. / 20});
}

TEST_CASE("options of decoupled distillation are checked", "[methods][decoupled_kd]") {
  CHECK_THROWS_AS(DecoupledKd({.temperature = 0}), ConfigError);
  CHECK_THROWS_WITH(DecoupledKd({.temperature = 0}),
                    "DecoupledKd: temperature must be positive and finite, got 0");
  CHECK_THROWS_WITH(DecoupledKd({.target_weight = -1}),
                    "DecoupledKd: target_weight must be zero or more and finite, got -1");
  CHECK_THROWS_WITH(DecoupledKd({.non_target_weight = -1}),
                    "DecoupledKd: non_target_weight must be zero or more and finite, got -1");
  CHECK_THROWS_WITH(DecoupledKd({.warm_up_epochs = -1}),
                    "DecoupledKd: warm_up_epochs must be 0 or more, got -1");
  const Matrix<double> one_class = random_matrix<double>(1, 3, 1);
  CHECK_THROWS_WITH(on_logits(DecoupledKd{}, one_class, one_class),
                    "DecoupledKd: expected at least 2 classes, got 1");
}
