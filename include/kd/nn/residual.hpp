// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <tuple>
#include <utility>

namespace kd {

/// What lies on the shortcut of a `Residual`: see there.
template <class... Ls>
class Shortcut {
  static_assert(sizeof...(Ls) > 0, "a Shortcut without layers is what a Residual has by itself");

 public:
  Shortcut() requires(std::default_initializable<Ls>&&...) = default;
  explicit Shortcut(Ls... members) requires(sizeof...(Ls) > 0) : members_(std::move(members)...) {}

  const std::tuple<Ls...>& members() const { return members_; }

 private:
  std::tuple<Ls...> members_;
};

/// Layers, and what goes past them, added: `y = branch(x) + shortcut(x)`.
///
/// The branch gives the shape that it takes and the shortcut is `x` itself; or a `Shortcut` with
/// layers stands first, which give the same shape as the branch:
///
///     kd::Residual<kd::Linear<20, 20>, kd::ReLU, kd::Linear<20, 20>>
///     kd::Residual<kd::Shortcut<kd::Linear<20, 8>>, kd::Linear<20, 8>, kd::ReLU>
///
/// Within a network the layers of the branch are counted first, then those of the shortcut, then
/// the sum: a tap can name each. Files call them `branch.0`, `shortcut.0`. Source: He et al., "Deep
/// Residual Learning for Image Recognition", CVPR 2016.
template <class... Ls>
class Residual {
  static_assert(sizeof...(Ls) > 0, "a Residual needs at least one layer in its branch");

 public:
  Residual() requires(std::default_initializable<Ls>&&...) = default;
  explicit Residual(Ls... members) requires(sizeof...(Ls) > 0) : members_(std::move(members)...) {}

  const std::tuple<Ls...>& members() const { return members_; }

 private:
  std::tuple<Ls...> members_;
};

}  // namespace kd
