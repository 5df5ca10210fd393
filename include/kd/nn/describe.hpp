// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <type_traits>

#include "kd/core/each_option.hpp"
#include "kd/core/error.hpp"
#include "kd/nn/layer.hpp"

namespace kd::detail {

/// An architecture as text, such as "Linear(784, 20), ReLU, Linear(20, 10)", with the settings of
/// its layers: "Dropout(0.5)", "LayerNorm(20, 20, eps 1e-05)".
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
    std::string settings;
    if constexpr (TakesTwo<L>)
      settings = text(architecture.sources(i).first, ", ", architecture.sources(i).second);
    else if constexpr (!Elementwise<L>)
      settings = text(layer.in_features(), ", ", layer.out_features());
    else if constexpr (requires { layer.p(); })
      settings = text(layer.p());
    else if constexpr (requires { layer.negative_slope(); })
      settings = text(layer.negative_slope());
    for_each_option(layer, [&](const char* option, const auto& value) {
      append(settings, text(settings.empty() ? "" : ", ", option, ' ', value));
    });
    if (!settings.empty()) all += text('(', settings, ')');
  });
  return all;
}

}  // namespace kd::detail
