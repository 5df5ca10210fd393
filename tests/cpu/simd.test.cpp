// SPDX-License-Identifier: MIT
#include "kd/cpu/simd.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "support/catch.hpp"

using namespace kd;

#if KD_HAS_VECTORS

namespace {

/// No two sums are equal, whichever elements are left out or added twice.
template <class S, Index N, Index M>
void check_sums() {
  INFO(M << " vectors of " << N << " elements");
  cpu::simd::Array<cpu::simd::Vector<S, N>, M> vectors;
  std::vector<S> expected;
  for (Index i = 0; i < M; ++i) {
    std::vector<S> elements;
    S sum = 0;
    for (Index j = 0; j < N; ++j) {
      elements.push_back(static_cast<S>((2 * i + 1) << j));
      sum += elements.back();
    }
    vectors[i] = cpu::simd::load<N>(elements.data());
    expected.push_back(sum);
  }
  std::vector<S> found(expected.size());
  cpu::simd::store(cpu::simd::sums<S, N, M>(vectors), found.data());
  CHECK(found == expected);
}

template <class S, Index N, Index M = 1>
void check_sums_up_to() {
  check_sums<S, N, M>();
  if constexpr (M < N) check_sums_up_to<S, N, 2 * M>();
}

/// The sums of `a[k] b[k]` for `V` vectors of `N` elements of every row of `a`.
template <Index N, Index V, class S>
std::vector<S> sums_of_products(const S* a, Index stride, const std::vector<S>& b) {
  cpu::simd::Array<cpu::simd::Vector<S, N>, V> sum = {};
  for (const S factor : b) {
    for (Index v = 0; v < V; ++v)
      cpu::simd::add_product(sum[v], cpu::simd::load<N>(a + v * N), factor);
    a += stride;
  }
  std::vector<S> sums(V * N);
  std::memcpy(sums.data(), sum, sizeof sum);
  return sums;
}

}  // namespace

TEMPLATE_TEST_CASE("the sums of vectors stand in their order", "[cpu][simd]", float, double) {
  constexpr Index widest = cpu::simd::width<TestType>;
  check_sums_up_to<TestType, 2>();
  if constexpr (widest >= 4) check_sums_up_to<TestType, 4>();
  if constexpr (widest >= 8) check_sums_up_to<TestType, 8>();
  if constexpr (widest >= 16) check_sums_up_to<TestType, 16>();
}

TEMPLATE_TEST_CASE("a block is transposed between rows of any length, and nothing beside it",
                   "[cpu][simd]", float, double) {
  constexpr Index from_stride = 5;
  constexpr Index to_stride = 7;
  std::vector<TestType> from(4 * from_stride);
  for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<TestType>(i + 1);
  std::vector<TestType> to(4 * to_stride, TestType(-1));
  cpu::simd::transpose4(from.data(), from_stride, to.data(), to_stride);
  for (Index i = 0; i < 4; ++i)
    for (Index j = 0; j < to_stride; ++j) {
      INFO("row " << i << ", column " << j);
      CHECK(to[static_cast<std::size_t>(i * to_stride + j)] ==
            (j < 4 ? from[static_cast<std::size_t>(j * from_stride + i)] : TestType(-1)));
    }
}

namespace {

template <class S, Index N>
void check_evens() {
  INFO(N << " elements");
  std::vector<S> from, to(static_cast<std::size_t>(N));
  for (Index i = 0; i < 2 * N; ++i) from.push_back(static_cast<S>(i + 1));
  cpu::simd::store(cpu::simd::load_evens<N>(from.data()), to.data());
  for (std::size_t i = 0; i < to.size(); ++i) CHECK(to[i] == from[2 * i]);
}

}  // namespace

TEMPLATE_TEST_CASE("every other element of a row", "[cpu][simd]", float, double) {
  constexpr Index widest = cpu::simd::width<TestType>;
  check_evens<TestType, 2>();
  if constexpr (widest >= 4) check_evens<TestType, 4>();
  if constexpr (widest >= 8) check_evens<TestType, 8>();
}

TEMPLATE_TEST_CASE("square roots of vectors", "[cpu][simd]", float, double) {
  constexpr Index N = cpu::simd::width<TestType>;
  std::vector<TestType> x;
  for (Index i = 0; i < N; ++i) x.push_back(static_cast<TestType>(i * i) / 4);
  const auto roots = cpu::simd::sqrt<N, TestType>(cpu::simd::load<N>(x.data()));
  for (Index i = 0; i < N; ++i)
    CHECK(std::abs(roots[i] - static_cast<TestType>(i) / 2) <=
          2 * std::numeric_limits<TestType>::epsilon() * static_cast<TestType>(i));
  CHECK(cpu::simd::sqrt<1, TestType>(TestType(6.25)) == TestType(2.5));
}

TEST_CASE("a value is spread over all elements of a vector", "[cpu][simd]") {
  const auto spread = cpu::simd::spread<4>(-2.5F);
  for (Index i = 0; i < 4; ++i) CHECK(spread[i] == -2.5F);
  CHECK(std::signbit(cpu::simd::spread<4>(-0.F)[3]));
}

TEMPLATE_TEST_CASE("a sum of products is the same alone and beside others", "[cpu][simd]", float,
                   double) {
  constexpr Index N = cpu::simd::width<TestType>, row = 2 * N, depth = 50;
  std::vector<TestType> a, b;  // hardly a product of which is a number of its type
  for (Index i = 0; i < depth * row; ++i) a.push_back(TestType(1) / static_cast<TestType>(i + 3));
  for (Index k = 0; k < depth; ++k) b.push_back(TestType(1) / static_cast<TestType>(2 * k - 41));
  const std::vector<TestType> beside = sums_of_products<N, 2>(a.data(), row, b);
  const auto check = [&]<Index M>() {
    INFO(M << " elements");
    std::vector<TestType> alone;
    for (Index i = 0; i < row; i += M)
      for (const TestType sum : sums_of_products<M, 1>(a.data() + i, row, b)) alone.push_back(sum);
    CHECK(alone == beside);
  };
  check.template operator()<1>();
  check.template operator()<2>();
  if constexpr (N >= 4) check.template operator()<4>();
  if constexpr (N >= 8) check.template operator()<8>();
  if constexpr (N >= 16) check.template operator()<16>();
}

#endif
