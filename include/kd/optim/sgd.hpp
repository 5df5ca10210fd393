// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <vector>

#include "kd/core/named_options.hpp"
#include "kd/core/optimizer_step.hpp"
#include "kd/cpu/ops/sgd.hpp"
#include "kd/optim/decay.hpp"
#include "kd/optim/optimizer.hpp"
#include "kd/optim/step_bound.hpp"

namespace kd {

struct SgdOptions {
  double lr = 1e-2;          ///< learning rate, positive
  double momentum = 0;       ///< in [0, 1)
  double weight_decay = 0;   ///< added to the gradient: `g + weight_decay p`
  bool decay_biases = true;  ///< biases too; otherwise they are left alone, and LayerNorm's scales
  bool nesterov = false;     ///< look ahead along the velocity; needs momentum
  static constexpr std::array names{"lr", "momentum", "weight_decay", "decay_biases", "nesterov"};
};

/// Stochastic gradient descent: `u = momentum u + g`, `p = p - lr u`, where `u` starts as the first
/// gradient; with Nesterov's rule `p = p - lr (g + momentum u)`.
///
/// The same numbers as `torch.optim.SGD`. Source: Sutskever et al., "On the importance of
/// initialization and momentum in deep learning", 2013.
class Sgd : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;

  /// The velocity of one block of parameters; none without momentum.
  template <Real S, class Space = cpu::Space>
  struct State {
    Buffer<S, Space> velocity;
    Index step = 0;
    detail::SgdBound bound{};
    std::vector<detail::DecayPart> parts{};
  };

  /// Throws `ConfigError` when an option is out of its range.
  explicit Sgd(SgdOptions options = {}) : options_(options) {
    detail::check_positive("Sgd: lr", options.lr);
    detail::check_range("Sgd: momentum", options.momentum, 0, 1);
    detail::check_not_negative("Sgd: weight_decay", options.weight_decay);
    detail::check_decay("Sgd: lr weight_decay", options.lr, options.weight_decay);
    if (options.nesterov && options.momentum == 0)
      throw ConfigError("Sgd: nesterov needs a momentum above 0, got 0");
  }

  double lr() const { return options_.lr; }
  const SgdOptions& options() const { return options_; }

  /// Throws `ConfigError` when an option is out of its range as an `S`.
  template <Real S, class Space>
  State<S, Space> make_state(Index size, const Space& space) const {
    detail::check_positive<S>("Sgd: lr", options_.lr);
    detail::check_share<S>("Sgd: momentum", options_.momentum);
    detail::check_not_negative<S>("Sgd: weight_decay", options_.weight_decay);
    return {Buffer<S, Space>(options_.momentum > 0 ? size : 0, space)};
  }

  template <Real S, class Space, class Tensors>
  void describe(State<S, Space>& state, const Tensors& tensors) const {
    state.parts.clear();
    if (options_.weight_decay > 0 && !options_.decay_biases)
      state.parts = detail::parts_without_bias(tensors);
  }

  template <Real S, class Space, class Kept>
  void keep(State<S, Space>& state, Kept& kept) const {
    kept.add("velocity", state.velocity.view(), state.velocity.space());
    kept.add("steps", state.step);
  }

  template <Real S, class Space>
  void step(const Space& space, State<S, Space>& state, VectorView<S, Space> params,
            VectorView<const S, Space> grads, double rate_factor, Guard<Space> guard) const {
    check_state(state, params.size, grads.size);
    const SgdStep<S> s = settings<S>(++state.step, rate_factor);
    detail::for_each_part(state.parts, params.size, [&](Index first, Index size, bool decays) {
      op_sgd(space, params.slice(first, size), grads.slice(first, size),
             velocity_of(state, first, size), decays ? s : without_decay(s), guard);
    });
  }

  template <Real S, class Space>
  void measure(const Space& space, State<S, Space>& state, VectorView<const S, Space> params,
               VectorView<std::int32_t, Space> careful) const {
    state.bound = {};
    op_flag_large(space, params, state.bound.params, careful);
    op_flag_large(space, VectorView<const S, Space>(state.velocity.view()), state.bound.velocity,
                  careful);
  }

  template <Real S, class Space>
  bool is_safe(State<S, Space>& state, double rate_factor) const {
    return state.bound.advance(settings<S>(state.step + 1, rate_factor));
  }

  template <Real S, class Space>
  void look_ahead(const Space& space, State<S, Space>& state, VectorView<S, Space> params,
                  VectorView<const S, Space> grads, double rate_factor,
                  const Lookout<Space>& lookout) const {
    check_state(state, params.size, grads.size);
    const SgdStep<S> s = settings<S>(state.step + 1, rate_factor);
    detail::for_each_part(state.parts, params.size, [&](Index first, Index size, bool decays) {
      Lookout<Space> part = lookout;
      part.first += first;
      op_look_sgd(space, params.slice(first, size), grads.slice(first, size),
                  velocity_of(state, first, size), decays ? s : without_decay(s), part);
    });
  }

 private:
  template <Real S>
  static SgdStep<S> without_decay(SgdStep<S> s) {
    s.weight_decay = 0;
    return s;
  }

  template <Real S, class Space>
  static VectorView<S, Space> velocity_of(State<S, Space>& state, Index first, Index size) {
    const VectorView<S, Space> all = state.velocity.view();
    return all.empty() ? all : all.slice(first, size);
  }

  template <class State>
  void check_state(const State& state, Index params, Index grads) const {
    const bool remembers = options_.momentum > 0 || state.velocity.size() > 0;
    detail::check_state("Sgd", params, grads, remembers ? state.velocity.size() : params);
  }

  /// What step `step`, counted from 1, is done with.
  template <Real S>
  SgdStep<S> settings(Index step, double rate_factor) const {
    return {.rate = static_cast<S>(options_.lr * rate_factor),
            .momentum = static_cast<S>(options_.momentum),
            .weight_decay = static_cast<S>(options_.weight_decay),
            .nesterov = options_.nesterov,
            .first = step == 1};
  }

  SgdOptions options_;
};

static_assert(Optimizer<Sgd> && LooksAhead<Sgd>);

}  // namespace kd
