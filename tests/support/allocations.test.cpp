// SPDX-License-Identifier: MIT
#include "support/allocations.hpp"

#include <Eigen/Core>
#include <memory>
#include <string>
#include <vector>

#include "kd/core/buffer.hpp"
#include "kd/cpu/space.hpp"
#include "support/catch.hpp"

namespace {

/// How many allocations `f` makes.
template <class F>
kd::Index allocations_of(F&& f) {
  const kd::Index before = kd::test::allocations();
  f();
  return kd::test::allocations() - before;
}

}  // namespace

TEST_CASE("allocations are counted, whoever makes them", "[support]") {
  if (!kd::test::counts_allocations()) return;
  CHECK(allocations_of([] {}) == 0);
  CHECK(allocations_of([] { const kd::Buffer<float> buffer(10); }) == 1);
  CHECK(allocations_of([] { const kd::Buffer<float> buffer(0); }) == 0);
  CHECK(allocations_of([] { std::vector<int>(100).at(3) = 1; }) == 1);
  CHECK(allocations_of([] { std::make_unique<std::string>(100, 'x')->front() = 'y'; }) == 2);
  volatile kd::Index size = 20;
  CHECK(allocations_of([&] { Eigen::MatrixXf(size, size).setZero(); }) == 1);
}
