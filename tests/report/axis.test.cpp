// SPDX-License-Identifier: MIT
#include "kd/report/axis.hpp"

#include <limits>

#include "kd/report/number.hpp"
#include "support/catch.hpp"

using namespace kd::report;
using Values = std::vector<double>;

TEST_CASE("an axis has round numbers around its values", "[report][axis]") {
  const Axis axis = linear_axis({103, 118.5, 97}, 5, false);
  CHECK(axis.low == Approx(95));
  CHECK(axis.high == Approx(120));
  CHECK(axis.ticks.size() == 6);
  CHECK(axis.at(95) == Approx(0).margin(1e-12));
  CHECK(axis.at(107.5) == Approx(0.5));

  const Axis from_zero = linear_axis({103, 118.5}, 5, true);
  CHECK(from_zero.low == 0);
  CHECK(from_zero.high >= 118.5);
  for (const double factor : {1e-9, 1e-3, 7., 1e12}) {
    const Axis scaled = linear_axis({0.3 * factor, 1.1 * factor}, 4, false);
    CHECK(scaled.low <= 0.3 * factor * (1 + 1e-9));
    CHECK(scaled.high >= 1.1 * factor * (1 - 1e-9));
    CHECK(scaled.ticks.size() >= 3);
    CHECK(scaled.ticks.size() <= 7);
  }
}

TEST_CASE("an axis of one value, of none and of what is no number", "[report][axis]") {
  for (const Values& values : {Values{}, Values{0}, Values{5}, Values{-3, -3},
                               Values{std::numeric_limits<double>::infinity(), 2}}) {
    for (const bool from_zero : {false, true}) {
      const Axis axis = linear_axis(values, 5, from_zero);
      CHECK(axis.high > axis.low);
      CHECK(axis.ticks.size() >= 2);
      CHECK(axis.ticks.size() < 12);
    }
  }
}

TEST_CASE("logarithmic axes", "[report][axis]") {
  const Axis own = logarithmic_axis({20, 1, 4, 4});
  CHECK(own.ticks == Values{1, 4, 20});
  CHECK(own.at(1) == 0);
  CHECK(own.at(20) == 1);
  CHECK(own.at(4) == Approx(std::log(4) / std::log(20)));
  CHECK_FALSE(logarithmic_axis({3}).logarithmic);
  CHECK_FALSE(logarithmic_axis({0, 3}).logarithmic);

  const Axis around = logarithmic_axis_around({0.03, 0.7, 4});
  CHECK(around.low == Approx(0.02));
  CHECK(around.high == Approx(5));
  CHECK(around.ticks.size() == 8);
  const Axis exact = logarithmic_axis_around({1, 10});
  CHECK(exact.low == Approx(1));
  CHECK(exact.high == Approx(10));
  const Axis equal = logarithmic_axis_around({2, 2});
  CHECK(equal.high > equal.low);
  CHECK(logarithmic_axis_around({1e-6, 10}).ticks.size() == 8);
  CHECK_FALSE(logarithmic_axis_around({}).logarithmic);
  CHECK_FALSE(logarithmic_axis_around({-1, 1}).logarithmic);
}

TEST_CASE("numbers of pictures", "[report][number]") {
  CHECK(fixed(1.25, 1) == "1.2");
  CHECK(fixed(-0.04, 1) == "0.0");
  CHECK(fixed(-0.06, 1) == "-0.1");
  CHECK(brief(0.012346) == "0.01235");
  CHECK(brief(98.214) == "98.21");
  CHECK(brief(12345) == "12345");
  CHECK(brief(1e-12) == "1e-12");
  CHECK(brief(std::nan("")) == "no number");
  CHECK(px(12) == "12");
  CHECK(px(12.34) == "12.3");
}
