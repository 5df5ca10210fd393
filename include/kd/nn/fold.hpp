// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "kd/nn/batch_norm.hpp"
#include "kd/nn/network.hpp"

namespace kd {

namespace detail {

/// A layer that can take in the BatchNorm behind it.
template <class L>
concept Absorbing = requires(const L& layer) {
  layer.with_bias();
};

// Types are named where objects are made: `Sequential(s)` of a Sequential s would be a copy of s.

/// Which layer of the network a layer of the folded one comes from, counted from 0, and whether it
/// has taken in the next.
struct FoldedFrom {
  Index layer;
  bool with_next;
};

template <class L>
L folded(const L& layer, Index& at, std::vector<FoldedFrom>& plan) {
  plan.push_back({at++, false});
  return layer;
}
template <Index Channels, Index Height, Index Width>
auto folded(const Image<Channels, Height, Width>& image, Index&, std::vector<FoldedFrom>&) {
  return image;
}

template <std::size_t I = 0, class Members>
auto folded_members(const Members& members, Index& at, std::vector<FoldedFrom>& plan);

template <class... Ls>
auto folded(const Sequential<Ls...>& inner, Index& at, std::vector<FoldedFrom>& plan) {
  return std::apply([]<class... Es>(const Es&... each) { return Sequential<Es...>(each...); },
                    folded_members(inner.members(), at, plan));
}

template <class... Ls>
auto folded(const Residual<Ls...>& residual, Index& at, std::vector<FoldedFrom>& plan) {
  auto members = folded_members(residual.members(), at, plan);
  plan.push_back({at++, false});  // the sum
  return std::apply([]<class... Es>(const Es&... each) { return Residual<Es...>(each...); },
                    members);
}

/// The branch is counted before the shortcut.
template <class... Ss, class... Ls>
auto folded(const Residual<Shortcut<Ss...>, Ls...>& residual, Index& at,
            std::vector<FoldedFrom>& plan) {
  auto branch = folded_members<1>(residual.members(), at, plan);
  auto shortcut =
      std::apply([]<class... Es>(const Es&... each) { return Shortcut<Es...>(each...); },
                 folded_members(std::get<0>(residual.members()).members(), at, plan));
  plan.push_back({at++, false});  // the sum
  return std::apply(
      [&]<class... Es>(const Es&... each) {
        return Residual<decltype(shortcut), Es...>(shortcut, each...);
      },
      branch);
}

/// The members from `I` on, each that can with the BatchNorm behind it.
template <std::size_t I, class Members>
auto folded_members(const Members& members, Index& at, std::vector<FoldedFrom>& plan) {
  constexpr std::size_t count = std::tuple_size_v<Members>;
  if constexpr (I == count) {
    return std::tuple<>();
  } else {
    using First = std::tuple_element_t<I, Members>;
    using Second = std::tuple_element_t<(I + 1 < count ? I + 1 : I), Members>;
    const First& first = std::get<I>(members);
    if constexpr (Absorbing<First> && std::is_same_v<Second, BatchNorm>) {
      plan.push_back({at, true});
      at += 2;
      return std::tuple_cat(std::tuple(first.with_bias()),
                            folded_members<I + 2>(members, at, plan));
    } else {
      auto one = folded(first, at, plan);
      return std::tuple_cat(std::tuple<decltype(one)>(std::move(one)),
                            folded_members<I + 1>(members, at, plan));
    }
  }
}

/// What of a network's block belongs to a layer.
struct LayerBlock {
  std::vector<TensorInfo> tensors = {};
  Index params = 0;
  Index num_params = 0;
  Index statistics = 0;
  Index num_statistics = 0;
  double eps = 0;  ///< of a BatchNorm
};

template <class Architecture>
std::vector<LayerBlock> layer_blocks(const Architecture& architecture) {
  std::vector<LayerBlock> all;
  Index i = 0;
  architecture.for_each([&](const auto& layer) {
    ++i;
    LayerBlock block{layer.tensors(), architecture.offset(i), layer.num_params(),
                     architecture.num_params() + architecture.statistics_offset(i),
                     num_statistics(layer)};
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(layer)>, BatchNorm>)
      block.eps = layer.options().eps;
    all.push_back(std::move(block));
  });
  return all;
}

/// `w' = w scale`, `b' = shift + (b - mean) scale` with `scale = weight / sqrt(variance + eps)`.
template <Real S>
void absorb(const S* from, const LayerBlock& layer, const LayerBlock& norm, S* to,
            const LayerBlock& folded) {
  const TensorInfo& weight = layer.tensors[0];
  const Index channels = weight.rows;
  const S* const old_bias =
      layer.tensors.size() > 1 ? from + layer.params + layer.tensors[1].offset : nullptr;
  S* const bias = to + folded.params + folded.tensors[1].offset;
  for (Index c = 0; c < channels; ++c) {
    const auto at = [&](Index offset) { return static_cast<double>(from[offset + c]); };
    const double scale = at(norm.params) / std::sqrt(at(norm.statistics + channels) + norm.eps);
    const double before = old_bias != nullptr ? static_cast<double>(old_bias[c]) : 0;
    bias[c] = static_cast<S>(at(norm.params + channels) + (before - at(norm.statistics)) * scale);
    for (Index k = c * weight.cols; k < (c + 1) * weight.cols; ++k)
      to[folded.params + k] = static_cast<S>(static_cast<double>(from[layer.params + k]) * scale);
  }
}

}  // namespace detail

/// A network that predicts the same with every `BatchNorm` in the layer before it, where that is a
/// `Linear` or a convolution: `w' = w scale`, `b' = bias + (b - running mean) scale`,
/// `scale = weight / sqrt(running variance + eps)`.
///
///     const auto deployed = kd::fold(student);
///
/// Its type has these layers no longer; a BatchNorm behind another layer stays. Sums are rounded
/// anew: logits agree within some 1e-5 of their size. Throws `ConfigError` when the network was
/// moved from.
template <class Architecture, Real S>
auto fold(const Network<Architecture, cpu::Space, S>& network) {
  const VectorView<const S> from = network.weights();
  if (from.size == 0 && network.num_params() > 0)
    throw ConfigError("fold: the network was moved from and has no weights");
  std::vector<detail::FoldedFrom> plan;
  Index at = 0;
  const auto architecture = detail::folded(network.architecture(), at, plan);
  Network<std::remove_const_t<decltype(architecture)>, cpu::Space, S> folded(architecture, Rng());
  const auto before = detail::layer_blocks(network.architecture());
  const auto after = detail::layer_blocks(folded.architecture());
  S* const to = folded.weights().data;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const auto source = static_cast<std::size_t>(plan[i].layer);
    const detail::LayerBlock& layer = before[source];
    if (plan[i].with_next) {
      detail::absorb(from.data, layer, before[source + 1], to, after[i]);
      continue;
    }
    std::copy_n(from.data + layer.params, layer.num_params, to + after[i].params);
    std::copy_n(from.data + layer.statistics, layer.num_statistics, to + after[i].statistics);
  }
  return folded;
}

}  // namespace kd
