// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/types.hpp"

/// How much arithmetic and memory traffic a network takes.
namespace cost {

/// Calls `f(products, is_first)` for every layer with a weight: its products with one sample.
template <class Architecture, class F>
void for_each_weight(const Architecture& architecture, F&& f) {
  bool is_first = true;
  architecture.for_each([&](const auto& layer) {
    if constexpr (requires { layer.out_features(); }) {
      const auto tensors = layer.tensors();
      if (tensors.empty() || tensors[0].is_vector) return;
      // A convolution's weights meet every place of its output.
      f(static_cast<double>(tensors[0].cols * layer.out_features()), is_first);
      is_first = false;
    }
  });
}

/// The products of a forward pass.
template <class Architecture>
double forward_flop(const Architecture& architecture, kd::Index batch) {
  double products = 0;
  for_each_weight(architecture, [&](double of_layer, bool) { products += of_layer; });
  return 2 * products * static_cast<double>(batch);
}

/// The products of a training step: forward and weight gradient for every layer, input gradient for
/// all but the first.
template <class Architecture>
double training_flop(const Architecture& architecture, kd::Index batch) {
  double products = 0;
  for_each_weight(architecture, [&](double of_layer, bool is_first) {
    products += (is_first ? 2 : 3) * of_layer;
  });
  return 2 * products * static_cast<double>(batch);
}

/// What Adam moves: it reads parameters, gradients and both moments and writes all but the
/// gradients.
inline double adam_bytes(kd::Index parameters) {
  return 7. * sizeof(float) * static_cast<double>(parameters);
}

/// Images of 8 bits.
inline double image_bytes(kd::Index batch) { return 784. * static_cast<double>(batch); }

}  // namespace cost
