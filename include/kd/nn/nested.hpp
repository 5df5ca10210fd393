// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "kd/core/error.hpp"
#include "kd/nn/add.hpp"
#include "kd/nn/image.hpp"
#include "kd/nn/residual.hpp"

namespace kd {

template <class... Ls>
class Sequential;

namespace detail {

/// What a layer takes: what these layers give, counted from 1; 0 is the network's input.
struct Sources {
  Index first = 0;
  Index second = 0;  ///< of a layer that takes two
};

/// Where a walk through nested layers has come to.
struct Walk {
  Sources* next;      ///< to be filled in for the next layer
  Index counted = 0;  ///< layers so far
  Index last = 0;     ///< the one whose output the next takes
};

/// A member of a network as the layers that it consists of, one behind the other: its `count`, a
/// tuple of the `Layers`, what each of them takes, and how files call them. This is a layer proper.
template <class L>
struct Nested {
  using Layers = std::tuple<L>;
  static constexpr Index count = 1;
  static constexpr bool is_member = true;  ///< PyTorch's nn.Sequential would count it

  static Layers layers(const L& layer) { return Layers(layer); }
  static constexpr void walk(Walk& walk) {
    *walk.next++ = {walk.last, 0};
    walk.last = ++walk.counted;
  }
  static void name(std::string path, std::vector<std::string>& paths) {
    paths.push_back(std::move(path));
  }
};

/// Several members in a row.
template <class... Ls>
struct Row {
  using Layers = decltype(std::tuple_cat(std::declval<typename Nested<Ls>::Layers>()...));
  static constexpr Index count = (Index{0} + ... + Nested<Ls>::count);

  static Layers layers(const Ls&... members) {
    return std::tuple_cat(Nested<Ls>::layers(members)...);
  }
  static Layers layers(const std::tuple<Ls...>& members) {
    return std::apply([](const auto&... each) { return layers(each...); }, members);
  }
  static constexpr void walk(Walk& walk) { (Nested<Ls>::walk(walk), ...); }
  /// Members are counted from 0, as PyTorch's `nn.Sequential` does.
  static void name([[maybe_unused]] const std::string& prefix, std::vector<std::string>& paths) {
    Index i = 0;
    [[maybe_unused]] const auto next = [&]<class L>() {
      if constexpr (Nested<L>::is_member) Nested<L>::name(text(prefix, i++), paths);
    };
    (next.template operator()<Ls>(), ...);
  }
};

/// The input is layer 0, which nothing has to compute.
template <Index Channels, Index Height, Index Width>
struct Nested<Image<Channels, Height, Width>> {
  using Layers = std::tuple<>;
  static constexpr Index count = 0;
  static constexpr bool is_member = false;

  static Layers layers(const Image<Channels, Height, Width>&) { return {}; }
  static constexpr void walk(Walk&) {}
};

template <class... Ls>
struct Nested<Sequential<Ls...>> : Row<Ls...> {
  static constexpr bool is_member = true;

  static typename Row<Ls...>::Layers layers(const Sequential<Ls...>& inner) {
    return Row<Ls...>::layers(inner.members());
  }
  static void name(const std::string& path, std::vector<std::string>& paths) {
    Row<Ls...>::name(path + '.', paths);
  }
};

/// The branch, the shortcut, the sum.
template <class ShortcutRow, class BranchRow>
struct NestedResidual {
  using Layers = decltype(std::tuple_cat(std::declval<typename BranchRow::Layers>(),
                                         std::declval<typename ShortcutRow::Layers>(),
                                         std::declval<std::tuple<Add>>()));
  static constexpr Index count = BranchRow::count + ShortcutRow::count + 1;
  static constexpr bool is_member = true;

  static constexpr void walk(Walk& walk) {
    const Index begin = walk.last;
    BranchRow::walk(walk);
    const Index branch = std::exchange(walk.last, begin);
    ShortcutRow::walk(walk);
    *walk.next++ = {branch, walk.last};
    walk.last = ++walk.counted;
  }
  static void name(const std::string& path, std::vector<std::string>& paths) {
    BranchRow::name(path + ".branch.", paths);
    ShortcutRow::name(path + ".shortcut.", paths);
    paths.push_back(path);
  }
};

template <class... Ls>
struct Nested<Residual<Ls...>> : NestedResidual<Row<>, Row<Ls...>> {
  static auto layers(const Residual<Ls...>& residual) {
    return std::tuple_cat(Row<Ls...>::layers(residual.members()), std::tuple(Add()));
  }
};

template <class... Ss, class... Ls>
struct Nested<Residual<Shortcut<Ss...>, Ls...>> : NestedResidual<Row<Ss...>, Row<Ls...>> {
  static_assert(sizeof...(Ls) > 0, "a Residual needs at least one layer in its branch");

  static auto layers(const Residual<Shortcut<Ss...>, Ls...>& residual) {
    return std::apply(
        [](const Shortcut<Ss...>& shortcut, const Ls&... branch) {
          return std::tuple_cat(Row<Ls...>::layers(branch...),
                                Row<Ss...>::layers(shortcut.members()), std::tuple(Add()));
        },
        residual.members());
  }
};

}  // namespace detail
}  // namespace kd
