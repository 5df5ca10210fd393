// SPDX-License-Identifier: MIT
#include "kd/nn/sequential.hpp"

#include "kd/nn/dropout.hpp"
#include "kd/nn/linear.hpp"
#include "kd/nn/relu.hpp"
#include "support/catch.hpp"

using namespace kd;

using Student = Sequential<Linear<784, 20>, ReLU, Linear<20, 20>, ReLU, Linear<20, 10>>;
using AnySize = Sequential<Dropout, Linear<>, ReLU, Linear<>>;

TEST_CASE("an architecture knows its sizes while it compiles", "[nn][sequential]") {
  STATIC_REQUIRE(Student::depth == 5);
  STATIC_REQUIRE(Student::static_width(0) == 784);
  STATIC_REQUIRE(Student::static_width(2) == 20);
  STATIC_REQUIRE(Student::static_width(5) == 10);
  STATIC_REQUIRE(AnySize::static_width(0) == dynamic);
  STATIC_REQUIRE(AnySize::static_width(4) == dynamic);
  // What comes in is known through element-wise layers too.
  STATIC_REQUIRE(Sequential<Dropout, ReLU, Linear<7, 3>>::static_width(0) == 7);
  STATIC_REQUIRE(Sequential<Linear<dynamic, 5>, Linear<dynamic, 4>>::static_width(1) == 5);
}

TEST_CASE("widths, offsets and parameters", "[nn][sequential]") {
  const Student student;
  CHECK(student.in_features() == 784);
  CHECK(student.out_features() == 10);
  CHECK(student.num_params() == 16330);
  CHECK(student.offset(1) == 0);
  CHECK(student.offset(3) == 784 * 20 + 20);
  CHECK(student.offset(5) == 784 * 20 + 20 + 20 * 20 + 20);
  CHECK(student.layer<3>().num_params() == 420);
  Index layers = 0;
  student.for_each([&](const auto& layer) { layers += layer.num_params() >= 0 ? 1 : 0; });
  CHECK(layers == 5);
}

TEST_CASE("sizes of run time", "[nn][sequential]") {
  const AnySize net(Dropout(0.2), Linear<>(6, 4), ReLU(), Linear<>(4, 3));
  CHECK(net.in_features() == 6);
  CHECK(net.width(1) == 6);
  CHECK(net.width(3) == 4);
  CHECK(net.out_features() == 3);
  CHECK(net.layer<1>().p() == 0.2);
}

TEST_CASE("layers that do not fit at run time are named", "[nn][sequential]") {
  CHECK_THROWS_AS(AnySize(Dropout(), Linear<>(6, 4), ReLU(), Linear<>(5, 3)), ShapeError);
  CHECK_THROWS_WITH(AnySize(Dropout(), Linear<>(6, 4), ReLU(), Linear<>(5, 3)),
                    "Sequential: layer 3 gives 4 features, layer 4 takes 5");
  using Mixed = Sequential<Linear<6, 4>, Linear<>>;
  CHECK_THROWS_WITH(Mixed(Linear<6, 4>(), Linear<>(3, 2)),
                    "Sequential: layer 1 gives 4 features, layer 2 takes 3");
}
