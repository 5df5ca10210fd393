// SPDX-License-Identifier: MIT
#include "support/allocations.hpp"

#include <Eigen/Core>
#include <memory>
#include <new>
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

TEST_CASE("allocations that live are counted", "[support]") {
  if (!kd::test::counts_allocations()) return;
  const kd::Index before = kd::test::live_allocations();
  {
    const kd::Buffer<float> buffer(10);
    std::vector<int> numbers(100);
    numbers.resize(1000);
    CHECK(kd::test::live_allocations() == before + 2);
    Eigen::MatrixXf matrix = Eigen::MatrixXf::Zero(2, numbers[3] + 2);
    matrix.conservativeResize(2, 1000);
    CHECK(kd::test::live_allocations() == before + 3);
  }
  CHECK(kd::test::live_allocations() == before);
}

TEST_CASE("an allocation can be made to fail", "[support]") {
  if (!kd::test::counts_allocations()) return;
  const auto two_vectors = [] {
    std::vector<int>(100).at(3) = 1;
    std::vector<int>(200).at(3) = 1;
  };
  for (const kd::Index n : {1, 2}) {
    const kd::test::FailNthAllocation fault(n);
    CHECK_THROWS_AS(two_vectors(), std::bad_alloc);
    CHECK(fault.failed());
  }
  {
    const kd::test::FailNthAllocation fault(1000);
    CHECK_NOTHROW(two_vectors());
    CHECK_FALSE(fault.failed());
  }
  {
    const kd::test::LimitAllocations limit(1000);
    CHECK_NOTHROW(std::vector<char>(1000).at(3) = 'x');
    CHECK_THROWS_AS(std::vector<char>(1001).at(3) = 'x', std::bad_alloc);
  }
  CHECK_NOTHROW(two_vectors());
}
