// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <type_traits>

#include "kd/core/error.hpp"
#include "kd/nn/layer.hpp"

namespace kd::detail {

/// An architecture as text, such as "Linear(784, 20), ReLU, Linear(20, 10)".
template <class Architecture>
std::string describe(const Architecture& architecture) {
  std::string all;
  Index i = 0;
  architecture.for_each([&](const auto& layer) {
    using L = std::remove_cvref_t<decltype(layer)>;
    if (!all.empty()) all += ", ";
    ++i;
    if constexpr (requires { layer.describe(); }) {
      all += layer.describe();
      return;
    }
    if constexpr (requires { L::name; })
      all += L::name;
    else
      all += "a layer";
    if constexpr (TakesTwo<L>)
      all += text('(', architecture.sources(i).first, ", ", architecture.sources(i).second, ')');
    else if constexpr (!Elementwise<L>)
      all += text('(', layer.in_features(), ", ", layer.out_features(), ')');
    else if constexpr (requires { layer.p(); })
      all += text('(', layer.p(), ')');
  });
  return all;
}

}  // namespace kd::detail
