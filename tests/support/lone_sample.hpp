// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "support/catch.hpp"
#include "support/features.hpp"

namespace kd::test {

/// A method that compares pairs of samples: a lone one, as a last batch may be, adds nothing, and
/// batches of one are refused.
template <class M>
void check_lone_sample(const M& method, const std::string& name) {
  OnFeatures<M> bench(method, 4, 5, 3);
  const auto loss = bench.run(random_matrix<double>(4, 1, 1), random_matrix<double>(5, 1, 2));
  CHECK(loss.value == 0);
  CHECK(loss.gradient.isZero(0));
  const auto batches_of_one = [&] { OnFeatures<M>(method, 4, 5, 1); };
  CHECK_THROWS_AS(batches_of_one(), ConfigError);
  CHECK_THROWS_WITH(batches_of_one(),
                    name +
                        ": compares pairs of samples, so it needs batches of at least 2 samples, "
                        "got 1");
}

}  // namespace kd::test
