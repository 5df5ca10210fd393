// SPDX-License-Identifier: MIT
#pragma once

#include <kd/distill.hpp>
#include <utility>

#include "stored_network.hpp"

namespace example {

/// How many hidden layers a network may have whose sizes the command line says: each number of them
/// is a type of its own, for which everything is compiled.
inline constexpr std::size_t most_hidden = 4;

template <std::size_t Hidden, class... Layers>
auto make_mlp(const Sizes& sizes, Layers... layers) {
  constexpr std::size_t before = sizeof...(Layers) / 2;
  const kd::Linear<> next(sizes[before], sizes[before + 1]);
  if constexpr (before == Hidden)
    return kd::Sequential(std::move(layers)..., next);
  else
    return make_mlp<Hidden>(sizes, std::move(layers)..., next, kd::ReLU{});
}

/// `Hidden` hidden layers of sizes that run time knows, ReLU behind each.
template <std::size_t Hidden>
using Mlp = decltype(make_mlp<Hidden>(std::declval<const Sizes&>()));

/// Calls `f(network)` with a network of these sizes, whose number must be 2 to `most_hidden` + 2,
/// and first weights by `rng`.
template <std::size_t Hidden = 0, class F>
void with_network(const Sizes& sizes, const kd::Rng& rng, F&& f) {
  if (sizes.size() == Hidden + 2) {
    kd::Network<Mlp<Hidden>> network(make_mlp<Hidden>(sizes), rng);
    f(network);
  } else if constexpr (Hidden < most_hidden) {
    with_network<Hidden + 1>(sizes, rng, std::forward<F>(f));
  }
}

}  // namespace example
