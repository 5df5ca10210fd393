// SPDX-License-Identifier: MIT
#include "kd/core/error.hpp"

#include <cmath>
#include <limits>

#include "support/catch.hpp"

using namespace kd;

TEST_CASE("text joins words and numbers", "[core][error]") {
  CHECK(detail::text("a ", 3, ' ', -0.25, '/', 0.1F, " b") == "a 3 -0.25/0.1 b");
  CHECK(detail::text(std::string("x"), std::numeric_limits<std::int64_t>::min()) ==
        "x-9223372036854775808");
  CHECK(detail::text(std::nan("")) == "nan");
  CHECK(detail::text(std::numeric_limits<double>::denorm_min()) == "5e-324");
}

TEST_CASE("checks pass what is in range and name what is not", "[core][error]") {
  const double nan = std::nan("");
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK_NOTHROW(detail::check_positive("x", 1e-300));
  for (const double bad : {0., -1., nan, infinity})
    CHECK_THROWS_AS(detail::check_positive("x", bad), ConfigError);
  CHECK_THROWS_WITH(detail::check_positive("Adam: lr", -0.5),
                    "Adam: lr must be positive and finite, got -0.5");

  CHECK_NOTHROW(detail::check_not_negative("x", 0));
  for (const double bad : {-1e-300, nan, infinity})
    CHECK_THROWS_AS(detail::check_not_negative("x", bad), ConfigError);
  CHECK_THROWS_WITH(detail::check_not_negative("w", nan),
                    "w must be zero or more and finite, got nan");

  CHECK_NOTHROW(detail::check_range("x", 0, 0, 1));
  for (const double bad : {-0.1, 1., nan})
    CHECK_THROWS_AS(detail::check_range("x", bad, 0, 1), ConfigError);
  CHECK_THROWS_WITH(detail::check_range("Dropout: p", 1, 0, 1),
                    "Dropout: p must be in [0, 1), got 1");

  CHECK_NOTHROW(detail::check_at_least_one("x", 1));
  CHECK_THROWS_WITH(detail::check_at_least_one("epochs", 0), "epochs must be at least 1, got 0");

  CHECK_NOTHROW(detail::check_equal("x", "y", 3, 3));
  CHECK_THROWS_AS(detail::check_equal("x", "y", 3, 4), ShapeError);
  CHECK_THROWS_WITH(detail::check_equal("Network", "features", 784, 783),
                    "Network: expected 784 features, got 783");
}

TEST_CASE("checks hold at the precision that a number is used in", "[core][error]") {
  for (const double bad : {1e-50, 1e-40, 1e39, 1e300}) {
    CHECK_NOTHROW(detail::check_positive<double>("x", bad));
    CHECK_THROWS_AS(detail::check_positive<float>("x", bad), ConfigError);
    CHECK_NOTHROW(detail::check_not_negative<double>("x", bad));
    CHECK_THROWS_AS(detail::check_not_negative<float>("x", bad), ConfigError);
  }
  CHECK_NOTHROW(detail::check_positive<float>("x", 1e-37));
  CHECK_NOTHROW(detail::check_not_negative<float>("x", 0));
  CHECK_THROWS_AS(detail::check_positive<double>("x", 1e-310), ConfigError);
  CHECK_THROWS_WITH(detail::check_positive<float>("Adam: lr", 1e-50),
                    "Adam: lr must be positive and finite in float, got 1e-50");
  CHECK_THROWS_WITH(detail::check_not_negative<float>("w", 1e300),
                    "w must be zero, or positive and finite in float, got 1e+300");
  CHECK_NOTHROW(detail::check_share<float>("x", 0.999999));
  CHECK_NOTHROW(detail::check_share<double>("x", 0.999999999));
  CHECK_THROWS_WITH(detail::check_share<float>("x", 0.999999999),
                    "x must be in [0, 1) in float, got 0.999999999");
  CHECK_NOTHROW(detail::check_temperature("T", 1e5));
  CHECK_THROWS_WITH(detail::check_temperature("T", 1e20),
                    "T must be between 1e-18 and 1e18, got 1e+20");
}

TEST_CASE("errors say where", "[core][error]") {
  const IoError io("a.bin", "cannot be opened");
  CHECK(io.path == "a.bin");
  CHECK(std::string(io.what()) == "a.bin: cannot be opened");

  const FormatError format("b.idx", 4, "expected 10, got 9");
  CHECK(format.path == "b.idx");
  CHECK(format.offset == 4);
  CHECK(std::string(format.what()) == "b.idx: byte 4: expected 10, got 9");

  const NumericError numeric(2, 37, "gradient of layer 1 weight");
  CHECK(numeric.epoch == 2);
  CHECK(numeric.step == 37);
  CHECK(numeric.tensor == "gradient of layer 1 weight");
  CHECK(std::string(numeric.what()) ==
        "epoch 2, step 37: gradient of layer 1 weight is not finite; the network keeps the weights "
        "of the step before");
}

TEST_CASE("every error is one of the standard library's", "[core][error]") {
  STATIC_REQUIRE(std::is_base_of_v<std::invalid_argument, ConfigError>);
  STATIC_REQUIRE(std::is_base_of_v<std::invalid_argument, ShapeError>);
  STATIC_REQUIRE(std::is_base_of_v<std::invalid_argument, DataError>);
  STATIC_REQUIRE(std::is_base_of_v<std::runtime_error, IoError>);
  STATIC_REQUIRE(std::is_base_of_v<std::runtime_error, FormatError>);
  STATIC_REQUIRE(std::is_base_of_v<std::runtime_error, NumericError>);
}
