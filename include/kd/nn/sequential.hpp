// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <tuple>
#include <utility>

#include "kd/core/error.hpp"
#include "kd/nn/layer.hpp"

namespace kd {

namespace detail {

// The names spell the sentence that a compiler prints when two layers do not fit:
// layer<1>::gives<20>::features_but_layer<2>::takes<30>
template <Index I>
struct layer {
  template <Index Out>
  struct gives {
    template <Index J>
    struct features_but_layer {
      template <Index In>
      struct takes {
        static constexpr bool fits = Out == In || Out == dynamic || In == dynamic;
      };
    };
  };
};

/// The features behind the layers so far, and the layer that gave them (counted from 1; 0: none).
template <Index Given, Index Giver>
struct Flow {};

template <Index I, class F, class... Ls>
struct CheckLayers {  // no layers left
  static constexpr Index out = dynamic;
};

template <Index I, Index Given, Index Giver, class L, class... Rest>
struct CheckLayers<I, Flow<Given, Giver>, L, Rest...> {
  static_assert(Layer<L>, "this type is not a kd::Layer (see kd/nn/layer.hpp for what one has)");
  static constexpr bool ok = [] {
    if constexpr (Elementwise<L>) {
      return CheckLayers<I + 1, Flow<Given, Giver>, Rest...>::ok;
    } else {
      static_assert(layer<Giver>::template gives<Given>::template features_but_layer<
                        I>::template takes<L::static_in>::fits,
                    "a layer must take as many features as the layer before it gives");
      return CheckLayers<I + 1, Flow<L::static_out, I>, Rest...>::ok;
    }
  }();
};

template <Index I, Index Given, Index Giver>
struct CheckLayers<I, Flow<Given, Giver>> {
  static constexpr bool ok = true;
};

}  // namespace detail

/// Layers one behind the other; an architecture is this type and its sizes are its arguments.
///
/// Layers are counted from 1, so that `value(0)` of a tape is the input and `value(i)` what layer
/// i gives. Layers that do not fit do not compile; where a size is `dynamic` the constructor
/// throws `ShapeError` instead.
template <class... Ls>
class Sequential {
  static_assert(sizeof...(Ls) > 0, "a Sequential needs at least one layer");
  static_assert(sizeof...(Ls) == 0 || !(detail::Elementwise<Ls> && ...),
                "a Sequential needs a layer that says how many features it takes, such as "
                "Linear<784, 10>: element-wise layers take any number");
  static_assert(detail::CheckLayers<1, detail::Flow<dynamic, 0>, Ls...>::ok);

 public:
  static constexpr Index depth = sizeof...(Ls);

  /// Features behind layer `i` as far as the types tell: a number, or `dynamic`.
  static constexpr Index static_width(Index i) {
    return static_widths[static_cast<std::size_t>(i)];
  }

  Sequential() requires(std::default_initializable<Ls>&&...) : Sequential(Ls{}...) {}

  explicit Sequential(Ls... layers) requires(sizeof...(Ls) > 0) : layers_(std::move(layers)...) {
    widths_[0] = first_width();
    Index i = 0;
    Index offset = 0;
    for_each([&](const auto& layer) {
      const auto at = static_cast<std::size_t>(i);
      widths_[at + 1] = widths_[at];
      if constexpr (!detail::Elementwise<std::remove_cvref_t<decltype(layer)>>) {
        if (layer.in_features() != widths_[at])
          throw ShapeError(detail::text("Sequential: layer ", i, " gives ", widths_[at],
                                        " features, layer ", i + 1, " takes ",
                                        layer.in_features()));
        widths_[at + 1] = layer.out_features();
      }
      offsets_[at] = offset;
      offset += layer.num_params();
      ++i;
    });
    offsets_[static_cast<std::size_t>(depth)] = offset;
  }

  Index in_features() const { return width(0); }
  Index out_features() const { return width(depth); }
  Index num_params() const { return offsets_.back(); }

  /// Features behind layer `i`; those of the input for 0.
  Index width(Index i) const { return widths_[static_cast<std::size_t>(i)]; }

  /// Where the parameters of layer `i`, counted from 1, begin in the network's block.
  Index offset(Index i) const { return offsets_[static_cast<std::size_t>(i - 1)]; }

  /// Layer `I`, counted from 1.
  template <Index I>
  const auto& layer() const {
    static_assert(I >= 1 && I <= depth, "layers are counted from 1");
    return std::get<static_cast<std::size_t>(I - 1)>(layers_);
  }

  /// Calls `f(layer)` for every layer, first to last.
  template <class F>
  void for_each(F&& f) const {
    std::apply([&](const auto&... layer) { (f(layer), ...); }, layers_);
  }

 private:
  static constexpr std::array<Index, sizeof...(Ls) + 1> static_widths = [] {
    std::array<Index, sizeof...(Ls) + 1> widths{};
    // What comes in is known once a layer that is not element-wise says so.
    Index in = dynamic;
    auto find_in = [&]<class L>() {
      if constexpr (!detail::Elementwise<L>) {
        if (in == dynamic) in = L::static_in;
        return true;
      }
      return false;
    };
    (find_in.template operator()<Ls>() || ...);
    widths[0] = in;
    std::size_t i = 0;
    auto next = [&]<class L>() {
      widths[i + 1] = widths[i];
      if constexpr (!detail::Elementwise<L>) widths[i + 1] = L::static_out;
      ++i;
    };
    (next.template operator()<Ls>(), ...);
    return widths;
  }();

  Index first_width() const {
    Index width = dynamic;
    for_each([&](const auto& layer) {
      if constexpr (!detail::Elementwise<std::remove_cvref_t<decltype(layer)>>)
        if (width == dynamic) width = layer.in_features();
    });
    return width;
  }

  std::tuple<Ls...> layers_;
  std::array<Index, sizeof...(Ls) + 1> widths_{};
  std::array<Index, sizeof...(Ls) + 1> offsets_{};
};

}  // namespace kd
