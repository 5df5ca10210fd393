// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "kd/core/error.hpp"
#include "kd/nn/flow.hpp"
#include "kd/nn/layer.hpp"
#include "kd/nn/nested.hpp"

namespace kd {

namespace detail {

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

  /// Whether samples are images: an `Image` stands in front.
  static constexpr bool takes_image = Input::is_image;
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
