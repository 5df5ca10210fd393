// SPDX-License-Identifier: MIT
#pragma once

#include <array>

#include "kd/core/error.hpp"

namespace kd::detail {

/// What is trained together must be different networks. Throws `ConfigError`.
template <class... Ns>
void check_distinct(const char* scheme, const Ns&... networks) {
  const std::array<const void*, sizeof...(Ns)> places{&networks...};
  for (std::size_t i = 0; i < places.size(); ++i)
    for (std::size_t j = i + 1; j < places.size(); ++j)
      if (places[i] == places[j])
        throw ConfigError(
            text(scheme, ": students ", i + 1, " and ", j + 1, " are the same network"));
}

}  // namespace kd::detail
