// SPDX-License-Identifier: MIT
#include "kd/methods/variational_transfer.hpp"

#include "kd/distill/distiller.hpp"
#include "kd/testing/check_method.hpp"
#include "support/catch.hpp"
#include "support/features.hpp"
#include "support/golden.hpp"

using namespace kd;
using kd::test::golden;
using kd::test::random_matrix;
using kd::test::relative_distance;

TEST_CASE("variational transfer passes the checks of a method", "[methods][variational_transfer]") {
  const auto at_first = kd::testing::check_method(VariationalTransfer<2, 1>{});
  INFO(at_first.message());
  CHECK(at_first.passed());
  const auto sharp = kd::testing::check_method(VariationalTransfer<1, 3>{{.initial_variance = 0.5}},
                                               {.batch = 3, .seed = 3});
  INFO(sharp.message());
  CHECK(sharp.passed());
}

TEST_CASE("variational transfer gives what PyTorch gives", "[methods][variational_transfer]") {
  const std::string name = "variational/";
  const Matrix<double> student = golden(name + "student");
  const Matrix<double> teacher = golden(name + "teacher");
  kd::test::OnFeatures<VariationalTransfer<1, 1>> bench(VariationalTransfer<1, 1>{}, student.rows(),
                                                        teacher.rows(), student.cols());
  auto params = map(bench.state().params());
  const Index weights = student.rows() * teacher.rows();
  CHECK_THAT(params(params.size() - 1),
             WithinRel(kd::test::golden_vector(name + "initial_scale")(0), 1e-12));
  params << golden(name + "weight").reshaped(), kd::test::golden_vector(name + "bias"),
      kd::test::golden_vector(name + "scale");

  const auto loss = bench.run(student, teacher);
  const Vector<double> gradient = map(bench.state().grads());
  CHECK_THAT(loss.value, WithinRel(kd::test::golden_vector(name + "value")(0), 1e-12));
  CHECK(relative_distance(loss.gradient, golden(name + "dstudent"), 1e-9) < 1e-9);
  CHECK(relative_distance(gradient.head(weights), golden(name + "dweight").reshaped(), 1e-9) <
        1e-9);
  CHECK(relative_distance(gradient.segment(weights, teacher.rows()),
                          kd::test::golden_vector(name + "dbias"), 1e-9) < 1e-9);
  CHECK(relative_distance(gradient.tail(teacher.rows()), kd::test::golden_vector(name + "dscale"),
                          1e-9) < 1e-9);
}

TEST_CASE("the block of variational transfer is named part by part",
          "[methods][variational_transfer]") {
  kd::test::OnFeatures<VariationalTransfer<1, 1>> bench(VariationalTransfer<1, 1>{}, 3, 5, 2);
  const auto tensors = bench.state().tensors();
  REQUIRE(tensors.size() == 3);
  CHECK(tensors[0].name == "mean weight");
  CHECK(tensors[2].name == "spread");
  CHECK(tensors[2].offset + tensors[2].size() == bench.state().params().size);
}

TEST_CASE("variances train: what the student cannot tell gets a large one",
          "[methods][variational_transfer]") {
  // The teacher has two features that know nothing of each other, the student one to tell them by.
  const Index samples = 256;
  Matrix<float> inputs = random_matrix<float>(2, samples, 1);
  const Dataset data(inputs, kd::test::random_labels(samples, 2, 2), 2);
  using Net = Network<Sequential<Linear<2, 2>>>;
  Net teacher{Rng(1)};
  map(teacher.params()) << 1, 0, 0, 1, 0, 0;
  Network<Sequential<Linear<2, 1>, Linear<1, 2>>> student{Rng(2)};
  Distiller distiller(teacher, student, VariationalTransfer<1, 1>{{.initial_variance = 1}});
  distiller.fit(data, Adam{{.lr = 0.02}}, {.epochs = 60});
  const auto spread = map(distiller.state<0>().params()).tail(2);
  CHECK(std::abs(spread(0) - spread(1)) > 2);
}

TEST_CASE("the options of variational transfer are checked", "[methods][variational_transfer]") {
  using Method = VariationalTransfer<1, 1>;
  CHECK_THROWS_AS(Method({.weight = -1}), ConfigError);
  CHECK_THROWS_WITH(Method({.weight = -1}),
                    "VariationalTransfer: weight must be zero or more and finite, got -1");
  CHECK_THROWS_WITH(Method({.initial_variance = 0}),
                    "VariationalTransfer: initial_variance must be positive and finite, got 0");
  CHECK_THROWS_WITH(Method({.initial_variance = 1e-6}),
                    "VariationalTransfer: initial_variance must be above 1e-05, got 1e-06");
}
