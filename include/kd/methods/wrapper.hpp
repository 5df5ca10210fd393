// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "kd/core/each_option.hpp"
#include "kd/data/dataset.hpp"
#include "kd/distill/method.hpp"

namespace kd::detail {

/// The state of a method within another one: weights of its own stay what they are.
template <class Inner>
struct WrapperState {
  Inner inner;

  auto params() requires TrainableState<Inner> { return inner.params(); }
  auto grads() requires TrainableState<Inner> { return inner.grads(); }
  auto tensors() const requires requires(const Inner& i) { i.tensors(); }
  { return inner.tensors(); }
  template <class K>
  requires requires(Inner& i, K& kept) { i.keep(kept); }
  void keep(K& kept) { inner.keep(kept); }
  void resume(const WrapperState& previous) requires requires(Inner& i) { i.resume(i); }
  { inner.resume(previous.inner); }
};

/// The base of a method that hands to another one, of which it has terms, weights and needs,
/// something else than what the networks gave.
template <class M>
class Wrapper {
 public:
  static constexpr auto terms = M::terms;

  LabelNeed label_need() const {
    if constexpr (requires { method_.label_need(); }) return method_.label_need();
    return LabelNeed::every;
  }
  template <class F>
  void for_each_option(F&& f) const {
    if constexpr (requires { M::name; }) f("method", M::name);
    detail::for_each_option(method_, f);
  }
  auto weights(const Progress& progress) const { return method_.weights(progress); }
  void check_at(const Progress& progress) const {
    if constexpr (requires { method_.check_at(progress); }) method_.check_at(progress);
  }

  template <class Inner>
  requires requires(const M& method, const Dataset& data, Inner& inner) {
    method.prepare(data, inner);
  }
  void prepare(const Dataset& data, WrapperState<Inner>& state) const {
    method_.prepare(data, state.inner);
  }

 protected:
  explicit Wrapper(M method) : method_(std::move(method)) {}
  const M& method() const { return method_; }

 private:
  M method_;
};

}  // namespace kd::detail
