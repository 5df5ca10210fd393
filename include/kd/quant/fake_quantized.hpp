// SPDX-License-Identifier: MIT
#pragma once

#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "kd/nn/fold.hpp"
#include "kd/nn/relu.hpp"
#include "kd/nn/relu6.hpp"
#include "kd/nn/sigmoid.hpp"
#include "kd/nn/tanh.hpp"
#include "kd/quant/quantize_layers.hpp"
#include "kd/quant/quantized_weights.hpp"
#include "kd/quant/rounded_pool.hpp"

namespace kd {

/// How a network is fake-quantised.
struct FakeQuantizedOptions {
  int weight_bits = 8;
  int activation_bits = 8;      ///< of what goes from layer to layer; inputs and logits have 8
  int outer_weight_bits = 8;    ///< of the first and the last layer with weights
  bool learned_scales = false;  ///< of weights and of what goes from layer to layer: LSQ
  double averaging = 0.01;      ///< how far a batch moves a running range, in (0, 1]
};

namespace detail {

/// What is known on the way through an architecture.
struct Rounding {
  const FakeQuantizedOptions& options;
  Index last;      ///< layer with weights, counted from 1
  Index seen = 0;  ///< so far
};

template <class L>
inline constexpr bool is_clamp = std::is_same_v<L, ReLU> || std::is_same_v<L, ReLU6>;
template <class L>
inline constexpr bool is_residual = false;
template <class... Ls>
inline constexpr bool is_residual<Residual<Ls...>> = true;
template <class L>
inline constexpr bool is_sequential = false;
template <class... Ls>
inline constexpr bool is_sequential<Sequential<Ls...>> = true;
template <class L>
inline constexpr bool is_image = false;
template <Index Channels, Index Height, Index Width>
inline constexpr bool is_image<Image<Channels, Height, Width>> = true;
template <class L>
inline constexpr bool is_average = std::is_same_v<L, GlobalAvgPool>;
template <Kernel Size, Window W>
inline constexpr bool is_average<AvgPool2d<Size, W>> = true;
/// Gives numbers that came in, or means of them, which need no scale of their own.
template <class L>
inline constexpr bool keeps_scale = is_average<L>;
template <Kernel Size, Window W>
inline constexpr bool keeps_scale<MaxPool2d<Size, W>> = true;

/// Whether a clamp behind it is done by it: it is a product or a sum.
template <class L>
inline constexpr bool clamps = is_linear<L> || std::is_base_of_v<Convolution, L> ||
                               std::is_same_v<L, BatchNorm> || is_residual<L>;

/// Members in a row, without a `Sequential` around any of them.
template <class... Ls>
auto flattened(const std::tuple<Ls...>& members) {
  return std::apply(
      [](const Ls&... each) {
        const auto flat = []<class L>(const L& one) {
          if constexpr (is_sequential<L>)
            return flattened(one.members());
          else
            return std::tuple<L>(one);
        };
        return std::tuple_cat(flat(each)...);
      },
      members);
}

/// Whether what member `I` gives is rounded: as `quantize` does, behind the clamp where there is
/// one.
template <std::size_t I, class Members>
constexpr bool rounds_behind() {
  using L = std::tuple_element_t<I, Members>;
  if constexpr (is_image<L> || IdentityInInference<L> || keeps_scale<L>) {
    return false;
  } else if constexpr (clamps<L>) {
    constexpr auto next_is_clamp = []<std::size_t J>(const auto& self) {
      if constexpr (J >= std::tuple_size_v<Members>)
        return false;
      else if constexpr (IdentityInInference<std::tuple_element_t<J, Members>>)
        return self.template operator()<J + 1>(self);
      else
        return is_clamp<std::tuple_element_t<J, Members>>;
    };
    return !next_is_clamp.template operator()<I + 1>(next_is_clamp);
  } else {
    return true;
  }
}

/// Whether nothing that is rounded comes behind member `I`.
template <std::size_t I, class Members>
constexpr bool is_last_rounded() {
  return []<std::size_t... J>(std::index_sequence<J...>) {
    return !((J > I && rounds_behind<J, Members>()) || ...);
  }
  (std::make_index_sequence<std::tuple_size_v<Members>>());
}

/// The rounding of what `L` gives.
template <class L>
FakeQuantize rounding_behind(const FakeQuantizedOptions& options, bool is_logits) {
  const int bits = is_logits ? 8 : options.activation_bits;
  const auto range_of = [](const quant::Quantization& is) {
    const auto end = [&](int q) { return static_cast<double>(is.scale) * (q - is.zero_point); };
    return quant::Range{end(quant::lowest_of(is.bits)), end(quant::highest_of(is.bits)), is.bits};
  };
  if constexpr (std::is_same_v<L, Sigmoid>)
    return FakeQuantize({.bits = bits, .fixed = range_of(quant::sigmoid_quantization(bits))});
  if constexpr (std::is_same_v<L, Tanh>)
    return FakeQuantize({.bits = bits, .fixed = range_of(quant::tanh_quantization(bits))});
  return FakeQuantize({.bits = bits,
                       .learned = options.learned_scales && !is_logits,
                       .non_negative = is_clamp<L>,
                       .averaging = options.averaging});
}

template <class L>
auto rounded(const L& layer, Rounding& rounding) {
  const FakeQuantizedOptions& options = rounding.options;
  if constexpr (is_layer_norm<L>) {
    return QuantizedWeights<L>(layer);
  } else if constexpr (HasWeights<L>) {
    const bool outer = ++rounding.seen == 1 || rounding.seen == rounding.last;
    return QuantizedWeights<L>(
        layer, {outer ? options.outer_weight_bits : options.weight_bits, options.learned_scales});
  } else if constexpr (is_average<L>) {
    return RoundedPool<L>(layer);
  } else {
    return layer;
  }
}

template <bool EndsInLogits, std::size_t I = 0, class Members>
auto rounded_members(const Members& members, Rounding& rounding);

template <class... Ls>
auto rounded(const Residual<Ls...>& residual, Rounding& rounding) {
  return std::apply([]<class... Es>(const Es&... each) { return Residual<Es...>(each...); },
                    rounded_members<false>(flattened(residual.members()), rounding));
}

/// The branch is counted before the shortcut.
template <class... Ss, class... Ls>
auto rounded(const Residual<Shortcut<Ss...>, Ls...>& residual, Rounding& rounding) {
  const auto members = std::apply(
      [](const Shortcut<Ss...>&, const Ls&... each) { return std::tuple<Ls...>(each...); },
      residual.members());
  const auto branch = rounded_members<false>(flattened(members), rounding);
  const auto shortcut = std::apply(
      []<class... Es>(const Es&... each) { return Shortcut<Es...>(each...); },
      rounded_members<false>(flattened(std::get<0>(residual.members()).members()), rounding));
  return std::apply(
      [&]<class... Es>(const Es&... each) {
        return Residual<std::remove_const_t<decltype(shortcut)>, Es...>(shortcut, each...);
      },
      branch);
}

/// The members from `I` on, each with the rounding of what it gives behind it.
template <bool EndsInLogits, std::size_t I, class Members>
auto rounded_members(const Members& members, Rounding& rounding) {
  if constexpr (I == std::tuple_size_v<Members>) {
    return std::tuple<>();
  } else {
    using L = std::tuple_element_t<I, Members>;
    auto one = rounded(std::get<I>(members), rounding);
    std::tuple<decltype(one)> first(std::move(one));
    if constexpr (rounds_behind<I, Members>()) {
      constexpr bool is_logits = EndsInLogits && is_last_rounded<I, Members>();
      return std::tuple_cat(first, std::tuple(rounding_behind<L>(rounding.options, is_logits)),
                            rounded_members<EndsInLogits, I + 1>(members, rounding));
    } else {
      return std::tuple_cat(first, rounded_members<EndsInLogits, I + 1>(members, rounding));
    }
  }
}

/// A whole architecture, and the rounding of its inputs.
template <class... Ls>
auto rounded_architecture(const Sequential<Ls...>& folded, const FakeQuantizedOptions& options) {
  Rounding rounding{options, 0};
  folded.for_each([&]<class L>(const L&) { rounding.last += HasWeights<L> && !is_layer_norm<L>; });
  const auto members = rounded_members<true>(flattened(folded.members()), rounding);
  const FakeQuantize of_inputs({.averaging = options.averaging});
  return std::apply(
      [&]<class First, class... Es>(const First& first, const Es&... each) {
        if constexpr (is_image<First>)
          return Sequential<First, FakeQuantize, Es...>(first, of_inputs, each...);
        else
          return Sequential<FakeQuantize, First, Es...>(of_inputs, first, each...);
      },
      members);
}

/// An architecture with every BatchNorm folded that can be.
template <class Architecture>
auto folded_architecture(const Architecture& architecture) {
  std::vector<FoldedFrom> plan;
  Index at = 0;
  return folded(architecture, at, plan);
}

template <class Student>
using Folded = decltype(folded_architecture(std::declval<const Student&>()));
template <class Student>
using RoundedArchitecture =
    decltype(rounded_architecture(std::declval<const Folded<Student>&>(), FakeQuantizedOptions{}));

}  // namespace detail

/// The architecture of a student that computes in float what its integers will: BatchNorm folded,
/// weights and all that goes from layer to layer rounded as `quantize` rounds, with
/// straight-through gradients. `fake_quantize` makes a network of it from a trained student, and it
/// is the student of a `Distiller`, or of `fit`, like any other:
///
///     kd::Network<kd::FakeQuantized<Student>> aware = kd::fake_quantize(student, train);
///
/// Layers are those of the folded student, a `FakeQuantize` in front and behind each that gives a
/// tensor of its own; see `QuantizedWeights` and `RoundedPool` for what the others become.
template <class Student>
class FakeQuantized : public detail::RoundedArchitecture<Student> {
 public:
  using Folded = detail::Folded<Student>;

  FakeQuantized() requires std::default_initializable<Student> : FakeQuantized(Student{}) {}

  /// Throws `ConfigError` when bits are not from 2 to 8 or averaging is not in (0, 1].
  explicit FakeQuantized(const Student& student, const FakeQuantizedOptions& options = {})
      : FakeQuantized(detail::folded_architecture(student), options, 0) {}

  /// The student with BatchNorm folded, in float.
  const Folded& folded() const { return folded_; }

 private:
  FakeQuantized(const Folded& folded, const FakeQuantizedOptions& options, int)
      : detail::RoundedArchitecture<Student>(detail::rounded_architecture(folded, options)),
        folded_(folded) {}

  Folded folded_;
};

}  // namespace kd
