// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <utility>
#include <vector>

#include "kd/core/each_option.hpp"
#include "kd/core/named_options.hpp"
#include "kd/cpu/ops/max_norm.hpp"
#include "kd/optim/optimizer.hpp"

namespace kd {

struct MaxNormOptions {
  double max_norm = 3;  ///< the most that a unit's incoming weights may be long, 1e-12 to 1e12
  static constexpr std::array names{"max_norm"};
};

namespace detail {

/// The incoming weights of some units, one unit after the other in a block of parameters.
struct Units {
  Index first;
  Index width;  ///< weights of a unit
  Index count;
};

/// The units of a block with these tensors: the rows of every weight, and of no bias and no scale
/// of a normalisation.
template <class Tensors>
std::vector<Units> units_of(const Tensors& tensors) {
  std::vector<Units> units;
  for (const auto& tensor : tensors)
    if (!tensor.is_vector && !tensor.is_scale)
      units.push_back({tensor.offset, tensor.cols, tensor.rows});
  return units;
}

}  // namespace detail

/// Any optimizer, and after each of its steps the max-norm constraint: the incoming weights of a
/// unit, `w`, that have become longer than `c = max_norm` are shortened, `w = c w / |w|`. With
/// dropout it allows large learning rates.
///
///     kd::fit(network, data, kd::CrossEntropy{},
///             kd::MaxNorm(kd::Sgd{{.lr = 0.1, .momentum = 0.9}}, {.max_norm = 2}));
///
/// A unit is an output of a `Linear`, a channel that a convolution gives, or a row of what else a
/// network or a method learns; biases and scales of a normalisation are left alone. First weights
/// are as they were drawn until the first step.
///
/// Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting",
/// 2014, section 5.1; Hinton et al., "Improving neural networks by preventing co-adaptation of
/// feature detectors", 2012.
template <Optimizer Inner>
class MaxNorm {
 public:
  template <Real S, class Space = cpu::Space>
  struct State {
    typename Inner::template State<S, Space> inner;
    std::vector<detail::Units> units{};
  };

  /// Throws `ConfigError` when an option is out of its range.
  explicit MaxNorm(Inner inner, MaxNormOptions options = {})
      : inner_(std::move(inner)), options_(options) {
    detail::check_positive("MaxNorm: max_norm", options.max_norm);
    if (options.max_norm < 1e-12 || options.max_norm > 1e12)
      throw ConfigError(
          detail::text("MaxNorm: max_norm must be between 1e-12 and 1e12, got ", options.max_norm));
  }

  double lr() const { return inner_.lr(); }
  const Inner& inner() const { return inner_; }
  const MaxNormOptions& options() const { return options_; }

  /// Its own option, then those of the optimizer within.
  template <class F>
  void for_each_option(F&& f) const {
    detail::for_each_field(options_, f);
    detail::for_each_option(inner_, f);
  }

  template <Real S, class Space>
  State<S, Space> make_state(Index size, const Space& space) const {
    return {inner_.template make_state<S>(size, space)};
  }

  template <Real S, class Space, class Tensors>
  void describe(State<S, Space>& state, const Tensors& tensors) const {
    state.units = detail::units_of(tensors);
    if constexpr (requires { inner_.describe(state.inner, tensors); })
      inner_.describe(state.inner, tensors);
  }

  template <Real S, class Space, class Kept>
  requires requires(const Inner& inner, typename Inner::template State<S, Space>& of, Kept& kept) {
    inner.keep(of, kept);
  }
  void keep(State<S, Space>& state, Kept& kept) const { inner_.keep(state.inner, kept); }

  template <Real S, class Space>
  void step(const Space& space, State<S, Space>& state, VectorView<S, Space> params,
            VectorView<const S, Space> grads, double rate_factor, Guard<Space> guard) const {
    inner_.step(space, state.inner, params, grads, rate_factor, guard);
    for (const detail::Units& units : state.units)
      op_max_norm(space, MatrixView<S, Space>{params.data + units.first, units.width, units.count},
                  static_cast<S>(options_.max_norm), guard);
  }

  // It makes no number larger, so that what the optimizer within knows of its steps stays true.

  template <Real S, class Space>
  requires LooksAhead<Inner>
  void measure(const Space& space, State<S, Space>& state, VectorView<const S, Space> params,
               VectorView<std::int32_t, Space> careful) const {
    inner_.measure(space, state.inner, params, careful);
  }

  template <Real S, class Space>
  requires LooksAhead<Inner>
  bool is_safe(State<S, Space>& state, double rate_factor) const {
    return inner_.is_safe(state.inner, rate_factor);
  }

  template <Real S, class Space>
  requires LooksAhead<Inner>
  void look_ahead(const Space& space, State<S, Space>& state, VectorView<S, Space> params,
                  VectorView<const S, Space> grads, double rate_factor,
                  const Lookout<Space>& lookout) const {
    inner_.look_ahead(space, state.inner, params, grads, rate_factor, lookout);
  }

 private:
  Inner inner_;
  MaxNormOptions options_;
};

}  // namespace kd
