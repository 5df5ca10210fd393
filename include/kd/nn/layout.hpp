// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <utility>

#include "kd/nn/layer.hpp"
#include "kd/nn/nested.hpp"

namespace kd::detail {

/// What a tape keeps of a sample, layer by layer, as one number, so that to ask whether a tape was
/// made for a network costs one comparison. What was moved from has none.
class Layout {
 public:
  template <class Architecture>
  explicit Layout(const Architecture& architecture) {
    add(architecture.width(0));
    Index i = 0;
    architecture.for_each([&](const auto& layer) {
      using L = std::remove_cvref_t<decltype(layer)>;
      const Sources sources = architecture.sources(++i);
      add(sources.first);
      add(sources.second);
      add(layer.cache_size(architecture.width(sources.first)));
      add(batch_cache_size(layer));
      add(architecture.width(i));
      add(IdentityInInference<L>);
      add(backward_reads_input<L>());  // these say what shares its room
      add(backward_reads_output<L>());
      add(WorksInPlace<L>);
    });
  }
  Layout(const Layout&) = default;
  Layout(Layout&& other) noexcept : hash_(std::exchange(other.hash_, none)) {}
  Layout& operator=(const Layout&) = default;
  Layout& operator=(Layout&& other) noexcept {
    hash_ = std::exchange(other.hash_, none);
    return *this;
  }

  bool was_moved_from() const { return hash_ == none; }
  bool suits(const Layout& other) const { return hash_ == other.hash_ && !was_moved_from(); }

 private:
  static constexpr std::uint64_t none = 0;

  // The odd number nearest to 2^64 over the golden ratio: small differences end far apart.
  void add(Index size) {
    hash_ = (hash_ ^ static_cast<std::uint64_t>(size)) * 0x9E3779B97F4A7C15u;
    if (hash_ == none) hash_ = 1;
  }

  std::uint64_t hash_ = 1;
};

}  // namespace kd::detail
