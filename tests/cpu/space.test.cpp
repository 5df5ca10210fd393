// SPDX-License-Identifier: MIT
#include "kd/cpu/space.hpp"

#include <thread>
#include <vector>

#include "kd/cpu/scratch.hpp"
#include "support/catch.hpp"

using namespace kd;

namespace {

constexpr cpu::Space space{};

template <class T>
VectorView<T> view_of(std::vector<T>& x, Index size) {
  return {x.data(), size};
}
template <class T>
VectorView<const T> view_of(const std::vector<T>& x) {
  return {x.data(), static_cast<Index>(x.size())};
}

}  // namespace

TEST_CASE("all that a view has is zeroed and copied, and nothing behind it", "[cpu][space]") {
  const std::vector<double> from{1, 2, 3};
  std::vector<double> to(4, 7);
  op_upload(space, view_of(from), view_of(to, 3));
  CHECK(to == std::vector<double>{1, 2, 3, 7});
  to.assign(4, 7);
  op_download(space, view_of(from), view_of(to, 3));
  CHECK(to == std::vector<double>{1, 2, 3, 7});
  op_zero(space, view_of(to, 3));
  CHECK(to == std::vector<double>{0, 0, 0, 7});
}

TEST_CASE("scratch grows and stays, and numbers are apart", "[cpu][scratch]") {
  std::thread([] {  // has none yet
    float* const first = cpu::scratch<float>(8);
    REQUIRE(first != nullptr);
    CHECK(cpu::scratch<float>(8) == first);
    CHECK(cpu::scratch<float>(3) == first);
    CHECK(cpu::scratch<float, 1>(8) != first);
    float* const larger = cpu::scratch<float>(1000);
    for (int i = 0; i < 1000; ++i) larger[i] = 1;
    CHECK(cpu::scratch<float>(8) == larger);
  })
      .join();
}
