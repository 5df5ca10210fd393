// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <tuple>
#include <utility>

#include "kd/nn/layer.hpp"
#include "kd/nn/nested.hpp"

/// What flows from layer to layer, as far as types tell, and what a compiler says where it does not
/// fit.
namespace kd::detail {

// The names spell the sentence that a compiler prints when two layers do not fit:
// layer<1>::gives<20>::features_but_layer<2>::takes<30>, or
// layer<1>::gives_shape<Shape{8, 2, 2}>::which_layer<2>::takes
template <Index I>
struct layer {
  template <Index Out>
  struct gives {
    template <Index J>
    struct features_but_layer {
      template <Index In>
      struct takes {
        static constexpr bool fits = agree(Out, In);
      };
    };
  };
  template <Shape Out>
  struct gives_shape {
    template <Index J>
    struct which_layer {
      template <class L>
      struct takes {
        static constexpr bool fits = L::static_out_shape(Out) != no_shape;
      };
    };
  };
};

template <Shape OfBranch>
struct branch_gives {
  template <Shape OfShortcut>
  struct but_shortcut_gives {
    static constexpr bool fits = agree(OfBranch, OfShortcut);
  };
};

// What is asserted names template parameters alone: compilers print these.

template <Index Giver, Index Given, Index I, Index In>
constexpr bool check_features() {
  static_assert(
      layer<Giver>::template gives<Given>::template features_but_layer<I>::template takes<In>::fits,
      "a layer must take as many features as the layer before it gives");
  return true;
}

template <Index Giver, Shape Given, Index I, class L>
constexpr bool check_shape() {
  static_assert(
      layer<Giver>::template gives_shape<Given>::template which_layer<I>::template takes<L>::fits,
      "a layer must be able to take the shape that the layer before it gives");
  return true;
}

template <Shape OfBranch, Shape OfShortcut>
constexpr bool check_branch() {
  static_assert(branch_gives<OfBranch>::template but_shortcut_gives<OfShortcut>::fits,
                "the branch of a Residual must give the shape that it takes, or that its Shortcut "
                "gives");
  return true;
}

/// Layers in a row and what flows between them, as far as types tell; `Given` is the input's shape.
template <Shape Given, class Members, class Layers>
struct Flow;

template <Shape Given, class... Members, class... Ls>
struct Flow<Given, Row<Members...>, std::tuple<Ls...>> {
  static constexpr std::size_t depth = sizeof...(Ls);

  /// What layer i takes, counted from 1.
  static constexpr std::array<Sources, depth + 1> sources = [] {
    std::array<Sources, depth + 1> all{};
    Walk walk{all.data() + 1};
    Row<Members...>::walk(walk);
    return all;
  }();

  /// The first layer that is not element-wise, counted from 1, or 0.
  static constexpr Index first_sized = [] {
    Index i = 0;
    const bool found = ((++i, !Elementwise<Ls>) || ...);
    return found ? i : 0;
  }();

  /// Whether that layer says how many features come in.
  static constexpr bool says_input = [] {
    Index i = 0;
    return ((++i == first_sized && HasSizes<Ls>) || ...);
  }();

  /// Behind layer i; of the input for 0.
  static constexpr std::array<Shape, depth + 1> shapes = [] {
    std::array<Shape, depth + 1> all{};
    all[0] = Given;
    if (Given == unknown_shape) {
      Index at = 0;
      const auto look = [&]<class L>() {
        if constexpr (HasSizes<L>)
          if (at + 1 == first_sized) all[0] = {L::static_in};
        ++at;
      };
      (look.template operator()<Ls>(), ...);
    }
    std::size_t i = 0;
    const auto next = [&]<class L>() {
      ++i;
      all[i] = all[static_cast<std::size_t>(sources[i].first)];
      if constexpr (Shaped<L>) {
        all[i] = L::static_out_shape(all[i]);
      } else if constexpr (HasSizes<L>) {
        all[i] = {L::static_out};
      }
    };
    (next.template operator()<Ls>(), ...);
    return all;
  }();

  /// Where the shape behind layer i comes from: not from an element-wise layer.
  static constexpr std::array<Index, depth + 1> givers = [] {
    std::array<Index, depth + 1> all{};
    std::size_t i = 0;
    const auto next = [&]<class L>() {
      ++i;
      const auto source = static_cast<std::size_t>(sources[i].first);
      all[i] = Elementwise<L> && !TakesTwo<L> ? all[source] : static_cast<Index>(i);
    };
    (next.template operator()<Ls>(), ...);
    return all;
  }();

  template <std::size_t I, class L>
  static constexpr bool check() {
    static_assert(Layer<L>, "this type is not a kd::Layer (see kd/nn/layer.hpp for what one has)");
    constexpr auto source = static_cast<std::size_t>(sources[I].first);
    constexpr Shape given = shapes[source];
    if constexpr (given == no_shape) {
      return true;  // a layer before it has been complained of
    } else if constexpr (TakesTwo<L>) {
      return check_branch<given, shapes[static_cast<std::size_t>(sources[I].second)]>();
    } else if constexpr (Shaped<L>) {
      return check_shape<givers[source], given, static_cast<Index>(I), L>();
    } else if constexpr (HasSizes<L>) {
      return check_features<givers[source], given.features(), static_cast<Index>(I),
                            L::static_in>();
    } else {
      return true;
    }
  }
  static constexpr bool ok = []<std::size_t... I>(std::index_sequence<I...>) {
    return (check<I + 1, Ls>() && ...);
  }
  (std::make_index_sequence<depth>());
};

}  // namespace kd::detail
