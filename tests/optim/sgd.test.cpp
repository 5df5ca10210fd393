// SPDX-License-Identifier: MIT
#include "kd/optim/sgd.hpp"

#include <cmath>

#include "support/catch.hpp"
#include "support/run_optimizer.hpp"

using namespace kd;
using kd::test::distance_from_golden;

TEST_CASE("SGD gives what PyTorch gives", "[optim][sgd]") {
  const Sgd plain({.lr = 0.01});
  const Sgd momentum({.lr = 0.01, .momentum = 0.9});
  const Sgd nesterov({.lr = 0.01, .momentum = 0.9, .nesterov = true});
  const Sgd decay({.lr = 0.01, .momentum = 0.9, .weight_decay = 0.01});
  CHECK(distance_from_golden<double>(plain, "sgd") < 1e-12);
  CHECK(distance_from_golden<double>(momentum, "sgd_momentum") < 1e-12);
  CHECK(distance_from_golden<double>(nesterov, "sgd_nesterov") < 1e-12);
  CHECK(distance_from_golden<double>(decay, "sgd_weight_decay") < 1e-12);
  CHECK(distance_from_golden<float>(momentum, "sgd_momentum") < 1e-4);
  CHECK(distance_from_golden<double>(plain, "sgd_momentum") > 1e-6);
}

TEST_CASE("plain SGD keeps no memory", "[optim][sgd]") {
  CHECK(Sgd({.lr = 0.01}).make_state<float>(100, cpu::Space()).velocity.size() == 0);
  CHECK(Sgd({.momentum = 0.9}).make_state<float>(100, cpu::Space()).velocity.size() == 100);
}

TEST_CASE("SGD refuses options out of range", "[optim][sgd]") {
  CHECK_THROWS_WITH(Sgd({.lr = 0}), "Sgd: lr must be positive and finite, got 0");
  CHECK_THROWS_AS(Sgd({.lr = std::nan("")}), ConfigError);
  CHECK_THROWS_WITH(Sgd({.momentum = 1}), "Sgd: momentum must be in [0, 1), got 1");
  CHECK_THROWS_AS(Sgd({.weight_decay = -1}), ConfigError);
  CHECK_THROWS_WITH(Sgd({.nesterov = true}), "Sgd: nesterov needs a momentum above 0, got 0");
}
