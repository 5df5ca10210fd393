// SPDX-License-Identifier: MIT
#include "kd/nn/init.hpp"

#include <cmath>
#include <vector>

#include "support/catch.hpp"

TEMPLATE_TEST_CASE("first weights are uniform within 1 / sqrt(fan_in)", "[nn][init]", float,
                   double) {
  using S = TestType;
  for (const kd::Index fan_in : {1, 20, 784}) {
    std::vector<S> params(10'000);
    kd::init_uniform_fan_in<S>({params.data(), 10'000}, fan_in, kd::Rng(1));
    const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
    double sum = 0;
    double squares = 0;
    for (const S p : params) {
      REQUIRE(std::abs(static_cast<double>(p)) <= bound);
      sum += static_cast<double>(p);
      squares += static_cast<double>(p) * static_cast<double>(p);
    }
    INFO("fan_in " << fan_in);
    CHECK_THAT(sum / 1e4, WithinAbs(0, 5 * bound / std::sqrt(3e4)));
    CHECK_THAT(squares / 1e4, WithinRel(bound * bound / 3, 0.05));
  }
}

TEST_CASE("first weights are the generator's numbers in order", "[nn][init]") {
  std::vector<float> params(5);
  kd::init_uniform_fan_in<float>({params.data(), 5}, 4, kd::Rng(9));
  kd::Rng rng(9);
  for (const float p : params) CHECK(p == rng.symmetric(0.5F));
}
