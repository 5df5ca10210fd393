// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "kd/core/fingerprint.hpp"
#include "kd/core/view.hpp"

namespace kd::detail {

/// A fingerprint of numbers in any space; those of several blocks go on from one to the next.
template <class T, class Space>
std::uint64_t fingerprint_of(const Space& space, VectorView<const T, Space> numbers,
                             std::uint64_t before = 0) {
  std::vector<T> host(static_cast<std::size_t>(numbers.size));
  op_download(space, numbers, VectorView<T>(host.data(), numbers.size));
  return Fingerprint::of(host.data(), host.size() * sizeof(T), before);
}
template <class T>
std::uint64_t fingerprint_of(const cpu::Space&, VectorView<const T> numbers,
                             std::uint64_t before = 0) {
  return Fingerprint::of(numbers.data, static_cast<std::size_t>(numbers.size) * sizeof(T), before);
}

}  // namespace kd::detail
