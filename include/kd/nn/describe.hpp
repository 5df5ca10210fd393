// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <type_traits>
#include <vector>

#include "kd/core/each_option.hpp"
#include "kd/core/error.hpp"
#include "kd/nn/layer.hpp"

namespace kd::detail {

/// Every layer of an architecture as text, with its settings: "Linear(784, 20)", "Dropout(0.5)",
/// "LayerNorm(20, 20, eps 1e-05)".
template <class Architecture>
std::vector<std::string> describe_layers(const Architecture& architecture) {
  std::vector<std::string> all;
  Index i = 0;
  architecture.for_each([&](const auto& layer) {
    using L = std::remove_cvref_t<decltype(layer)>;
    ++i;
    if constexpr (requires { layer.describe(); }) {
      all.push_back(layer.describe());
      return;
    }
    std::string name = "a layer";
    if constexpr (requires { L::name; }) name = L::name;
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
    all.push_back(settings.empty() ? name : text(name, '(', settings, ')'));
  });
  return all;
}

/// An architecture as text, such as "Linear(784, 20), ReLU, Linear(20, 10)".
template <class Architecture>
std::string describe(const Architecture& architecture) {
  std::string all;
  for (const std::string& layer : describe_layers(architecture))
    append(all, text(all.empty() ? "" : ", ", layer));
  return all;
}

}  // namespace kd::detail
