// SPDX-License-Identifier: MIT
#include "kd/core/buffer.hpp"

#include <cstdint>
#include <type_traits>
#include <utility>

#include "kd/cpu/space.hpp"
#include "support/catch.hpp"

TEST_CASE("a buffer begins as zeros, on a cache line", "[core][buffer]") {
  const kd::Buffer<float> buffer(1001);
  REQUIRE(buffer.size() == 1001);
  CHECK(reinterpret_cast<std::uintptr_t>(buffer.view().data) % 64 == 0);
  for (kd::Index i = 0; i < buffer.size(); ++i) REQUIRE(buffer.view().data[i] == 0);
}

TEST_CASE("an empty buffer holds nothing and may be copied", "[core][buffer]") {
  const kd::Buffer<double> none;
  CHECK(none.size() == 0);
  CHECK(none.view().data == nullptr);
  const kd::Buffer<double> zero(0);
  const kd::Buffer<double> copy = zero;
  CHECK(copy.size() == 0);
}

TEST_CASE("copies of a buffer are apart", "[core][buffer]") {
  kd::Buffer<int> first(3);
  first.view().data[1] = 5;
  kd::Buffer<int> second = first;
  second.view().data[1] = 6;
  CHECK(first.view().data[1] == 5);
  CHECK(second.view().data[1] == 6);

  kd::Buffer<int> assigned(10);
  assigned = first;
  CHECK(assigned.size() == 3);
  CHECK(assigned.view().data[1] == 5);
  CHECK(assigned.view().data != first.view().data);
  const auto& same = assigned;
  assigned = same;
  CHECK(assigned.view().data[1] == 5);
}

TEST_CASE("to copy what holds a buffer may fail, to move it may not", "[core][buffer]") {
  struct Holder {
    kd::Buffer<int> buffer;
  };
  STATIC_REQUIRE_FALSE(std::is_nothrow_copy_constructible_v<Holder>);
  STATIC_REQUIRE_FALSE(std::is_nothrow_copy_assignable_v<Holder>);
  STATIC_REQUIRE(std::is_nothrow_move_constructible_v<Holder>);
  STATIC_REQUIRE(std::is_nothrow_move_assignable_v<Holder>);
}

TEST_CASE("a moved buffer keeps its memory and leaves an empty one", "[core][buffer]") {
  kd::Buffer<int> first(3);
  const int* const data = first.view().data;
  kd::Buffer<int> second = std::move(first);
  CHECK(second.view().data == data);
  CHECK(first.size() == 0);  // NOLINT(bugprone-use-after-move): promised
  CHECK(first.view().data == nullptr);
  kd::Buffer<int> third(7);
  third = std::move(second);
  CHECK(third.view().data == data);
  CHECK(third.size() == 3);
}

TEST_CASE("a buffer hands out no more than it has", "[core][buffer]") {
  kd::Buffer<int> buffer(6);
  CHECK(buffer.first(6).size == 6);
  CHECK(buffer.matrix(2, 3).cols == 3);
  CHECK_THROWS_WITH(buffer.matrix(3, 3),
                    "Buffer: expected room for 9 numbers, got 6 (made for smaller batches or other "
                    "sizes?)");
  const kd::Buffer<int> moved = std::move(buffer);
  CHECK_THROWS_WITH(buffer.first(1),
                    "Buffer: expected room for 1 numbers, got 0 (was it moved from?)");
  CHECK_THROWS_AS(moved.first(7), kd::ShapeError);
  CHECK(moved.matrix(2, 3).rows == 2);
}
