// SPDX-License-Identifier: MIT
#pragma once

#include <array>

namespace kd::detail {

/// Calls `f(name, value)` for every field of a struct of options, which lists what they are called,
/// in their order, as its static member `names`. A field without a name does not compile.
template <class Options, class F>
void for_each_field(const Options& options, F&& f) {
  constexpr auto& names = Options::names;
  constexpr auto count = names.size();
  static_assert(1 <= count && count <= 6, "structs of options have up to six fields here");
  if constexpr (count == 1) {
    const auto& [a] = options;
    f(names[0], a);
  } else if constexpr (count == 2) {
    const auto& [a, b] = options;
    f(names[0], a), f(names[1], b);
  } else if constexpr (count == 3) {
    const auto& [a, b, c] = options;
    f(names[0], a), f(names[1], b), f(names[2], c);
  } else if constexpr (count == 4) {
    const auto& [a, b, c, d] = options;
    f(names[0], a), f(names[1], b), f(names[2], c), f(names[3], d);
  } else if constexpr (count == 5) {
    const auto& [a, b, c, d, e] = options;
    f(names[0], a), f(names[1], b), f(names[2], c), f(names[3], d), f(names[4], e);
  } else {
    const auto& [a, b, c, d, e, g] = options;
    f(names[0], a), f(names[1], b), f(names[2], c), f(names[3], d), f(names[4], e), f(names[5], g);
  }
}

/// The same for what is described by options: an optimizer, a loss, a method. It has `options()`,
/// or itself `for_each_option(f)`; of anything else nothing is known.
template <class Described, class F>
void for_each_option(const Described& described, F&& f) {
  if constexpr (requires { described.for_each_option(f); })
    described.for_each_option(f);
  else if constexpr (requires { described.options().names; })
    for_each_field(described.options(), f);
}

}  // namespace kd::detail
