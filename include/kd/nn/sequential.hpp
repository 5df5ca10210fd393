// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "kd/core/error.hpp"
#include "kd/nn/layer.hpp"
#include "kd/nn/nested.hpp"

namespace kd {

namespace detail {

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

/// The `Image` with which a network begins, or none.
template <class... Ls>
struct Input {
  static constexpr Shape static_shape = unknown_shape;
  static constexpr bool is_image = false;
};
template <Index Channels, Index Height, Index Width, class... Ls>
struct Input<Image<Channels, Height, Width>, Ls...> {
  static constexpr Shape static_shape{Channels, Height, Width};
  static constexpr bool is_image = true;
};

}  // namespace detail

/// Layers one behind the other; an architecture is this type and its sizes are its arguments.
///
/// Layers are counted from 1, so that `value(0)` of a tape is the input and `value(i)` what layer
/// i gives; those of a `Sequential` or a `Residual` within it count as they run. An `Image` in
/// front is the input. Layers that do not fit do not compile; where a size is `dynamic` the
/// constructor throws `ShapeError` instead.
template <class... Ls>
class Sequential {
  using Row = detail::Row<Ls...>;
  using Input = detail::Input<Ls...>;
  using Flow = detail::Flow<Input::static_shape, Row, typename Row::Layers>;
  static_assert(Row::count > 0, "a Sequential needs at least one layer");
  static_assert(Flow::ok);

 public:
  static constexpr Index depth = Row::count;

  /// Whether it can stand by itself: its first layer says what it takes, or an `Image` does.
  static constexpr bool knows_input = Input::is_image || Flow::says_input;

  /// The shape behind layer `i` as far as the types tell.
  static constexpr Shape static_shape(Index i) { return Flow::shapes[static_cast<std::size_t>(i)]; }
  /// Features behind layer `i` as far as the types tell: a number, or `dynamic`.
  static constexpr Index static_width(Index i) { return static_shape(i).features(); }
  /// What layer `i` takes.
  static constexpr detail::Sources sources(Index i) {
    return Flow::sources[static_cast<std::size_t>(i)];
  }

  Sequential() requires(std::default_initializable<Ls>&&...) : Sequential(Ls{}...) {}

  explicit Sequential(Ls... members) requires(sizeof...(Ls) > 0)
      : members_(members...), layers_(Row::layers(members...)) {
    if constexpr (knows_input) {
      shapes_[0] = input_shape(members...);
      bind();
    }
  }

  Index in_features() const { return width(0); }
  Index out_features() const { return width(depth); }
  Index num_params() const { return offsets_.back(); }
  Index num_statistics() const { return statistics_.back(); }

  /// The shape behind layer `i`; the input's for 0.
  const Shape& shape(Index i) const { return shapes_[static_cast<std::size_t>(i)]; }
  /// Features behind layer `i`; those of the input for 0.
  Index width(Index i) const { return shape(i).features(); }

  /// Where the parameters of layer `i`, counted from 1, begin in the network's block.
  Index offset(Index i) const { return offsets_[static_cast<std::size_t>(i - 1)]; }
  /// Where its statistics begin, in the block of those.
  Index statistics_offset(Index i) const { return statistics_[static_cast<std::size_t>(i - 1)]; }

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

  /// What files call the layers: as PyTorch's `nn.Sequential` counts them, from 0, with a path
  /// where one lies within another.
  static std::vector<std::string> paths() {
    std::vector<std::string> all;
    Row::name("", all);
    return all;
  }

  /// What it was made of, an `Image` and nested layers too.
  const std::tuple<Ls...>& members() const { return members_; }

 private:
  Shape input_shape(const auto& first, const auto&...) const {
    if constexpr (Input::is_image) {
      return first.shape();
    } else {
      Shape shape;
      for_each([&](const auto& layer) {
        if constexpr (detail::HasSizes<std::remove_cvref_t<decltype(layer)>>)
          if (shape.channels == dynamic) shape.channels = layer.in_features();
      });
      return shape;
    }
  }

  void bind() {
    std::apply(
        [&](auto&... layer) {
          Index i = 0;
          (bind_layer(++i, layer), ...);
        },
        layers_);
  }

  template <class L>
  void bind_layer(Index i, L& layer) {
    const detail::Sources from = sources(i);
    const Shape& given = shape(from.first);
    Shape& out = shapes_[static_cast<std::size_t>(i)];
    out = given;
    if constexpr (detail::TakesTwo<L>) {
      if (shape(from.second) != given)
        throw ShapeError(detail::text("Sequential: layer ", from.first, " ends a branch with ",
                                      detail::describe_shape(given), ", the shortcut has ",
                                      detail::describe_shape(shape(from.second))));
    } else if constexpr (detail::Shaped<L>) {
      try {
        layer.bind(given);
      } catch (const ShapeError& error) {
        throw ShapeError(detail::text("Sequential: layer ", i, ": ", error.what()));
      }
      out = layer.out_shape();
    } else if constexpr (detail::HasSizes<L>) {
      if (layer.in_features() != given.features())
        throw ShapeError(detail::text("Sequential: layer ", from.first, " gives ", given.features(),
                                      " features, layer ", i, " takes ", layer.in_features()));
      out = {layer.out_features()};
    }
    offsets_[static_cast<std::size_t>(i)] = offset(i) + layer.num_params();
    statistics_[static_cast<std::size_t>(i)] = statistics_offset(i) + detail::num_statistics(layer);
  }

  std::tuple<Ls...> members_;
  typename Row::Layers layers_;
  std::array<Shape, static_cast<std::size_t>(depth) + 1> shapes_{};
  std::array<Index, static_cast<std::size_t>(depth) + 1> offsets_{};
  std::array<Index, static_cast<std::size_t>(depth) + 1> statistics_{};
};

}  // namespace kd
