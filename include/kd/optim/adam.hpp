// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "kd/core/named_options.hpp"
#include "kd/core/optimizer_step.hpp"
#include "kd/cpu/ops/adam.hpp"
#include "kd/optim/decay.hpp"
#include "kd/optim/optimizer.hpp"
#include "kd/optim/step_bound.hpp"

namespace kd {

struct AdamOptions {
  double lr = 1e-3;          ///< learning rate, positive
  double beta1 = 0.9;        ///< decay of the mean of gradients, in [0, 1)
  double beta2 = 0.999;      ///< decay of the mean of their squares, in [0, 1)
  double eps = 1e-8;         ///< added to the root, positive
  double weight_decay = 0;   ///< decoupled: weights shrink by `lr * weight_decay` a step (AdamW)
  bool decay_biases = true;  ///< biases too; otherwise they are left alone, and LayerNorm's scales
  static constexpr std::array names{"lr", "beta1", "beta2", "eps", "weight_decay", "decay_biases"};
};

/// Adam: `m = b1 m + (1-b1) g`, `v = b2 v + (1-b2) g^2`,
/// `p = (1 - lr wd) p - lr (m / (1-b1^t)) / (sqrt(v / (1-b2^t)) + eps)`.
///
/// Source: Kingma and Ba, "Adam", 2015, algorithm 1; decay as in Loshchilov and Hutter,
/// "Decoupled weight decay regularization", 2019. The same numbers as `torch.optim.Adam`/`AdamW`.
class Adam : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;

  /// The moments of one block of parameters, and one step counter.
  template <Real S, class Space = cpu::Space>
  struct State {
    Buffer<S, Space> m;
    Buffer<S, Space> v;
    Index step = 0;
    detail::AdamBound bound{};
    std::vector<detail::DecayPart> parts{};
  };

  /// Throws `ConfigError` when an option is out of its range.
  explicit Adam(AdamOptions options = {}) : options_(options) {
    detail::check_positive("Adam: lr", options.lr);
    detail::check_range("Adam: beta1", options.beta1, 0, 1);
    detail::check_range("Adam: beta2", options.beta2, 0, 1);
    detail::check_positive("Adam: eps", options.eps);
    detail::check_not_negative("Adam: weight_decay", options.weight_decay);
    detail::check_decay("Adam: lr weight_decay", options.lr, options.weight_decay);
  }

  double lr() const { return options_.lr; }
  const AdamOptions& options() const { return options_; }

  /// Throws `ConfigError` when an option is out of its range as an `S`.
  template <Real S, class Space>
  State<S, Space> make_state(Index size, const Space& space) const {
    detail::check_positive<S>("Adam: lr", options_.lr);
    detail::check_share<S>("Adam: beta1", options_.beta1);
    detail::check_share<S>("Adam: beta2", options_.beta2);
    detail::check_positive<S>("Adam: eps", options_.eps);
    return {Buffer<S, Space>(size, space), Buffer<S, Space>(size, space)};
  }

  template <Real S, class Space, class Tensors>
  void describe(State<S, Space>& state, const Tensors& tensors) const {
    state.parts.clear();
    if (options_.weight_decay > 0 && !options_.decay_biases)
      state.parts = detail::parts_without_bias(tensors);
  }

  template <Real S, class Space, class Kept>
  void keep(State<S, Space>& state, Kept& kept) const {
    kept.add("mean of gradients", state.m.view(), state.m.space());
    kept.add("mean of their squares", state.v.view(), state.v.space());
    kept.add("steps", state.step);
  }

  template <Real S, class Space>
  void step(const Space& space, State<S, Space>& state, VectorView<S, Space> params,
            VectorView<const S, Space> grads, double rate_factor, Guard<Space> guard) const {
    detail::check_state("Adam", params.size, grads.size, std::min(state.m.size(), state.v.size()));
    const AdamStep<S> a = settings<S>(++state.step, rate_factor);
    detail::for_each_part(state.parts, params.size, [&](Index first, Index size, bool decays) {
      op_adam(space, params.slice(first, size), grads.slice(first, size),
              state.m.view().slice(first, size), state.v.view().slice(first, size),
              decays ? a : without_decay(a), guard);
    });
  }

  template <Real S, class Space>
  void measure(const Space& space, State<S, Space>& state, VectorView<const S, Space> params,
               VectorView<std::int32_t, Space> careful) const {
    using Numbers = VectorView<const S, Space>;
    state.bound = {};
    op_flag_large(space, params, state.bound.params, careful);
    op_flag_large(space, Numbers(state.m.view()), state.bound.m, careful);
    op_flag_large(space, Numbers(state.v.view()), state.bound.v, careful);
  }

  template <Real S, class Space>
  bool is_safe(State<S, Space>& state, double rate_factor) const {
    // Corrections are the largest in the first step.
    const AdamStep<S> a = settings<S>(1 - options_.beta1, 1 - options_.beta2, rate_factor);
    return state.bound.advance(state.parts.empty() || std::abs(a.decay) > 1 ? a : without_decay(a));
  }

  template <Real S, class Space>
  void look_ahead(const Space& space, State<S, Space>& state, VectorView<S, Space> params,
                  VectorView<const S, Space> grads, double rate_factor,
                  const Lookout<Space>& lookout) const {
    detail::check_state("Adam", params.size, grads.size, std::min(state.m.size(), state.v.size()));
    const AdamStep<S> a = settings<S>(state.step + 1, rate_factor);
    detail::for_each_part(state.parts, params.size, [&](Index first, Index size, bool decays) {
      Lookout<Space> part = lookout;
      part.first += first;
      op_look_adam(space, params.slice(first, size), grads.slice(first, size),
                   state.m.view().slice(first, size), state.v.view().slice(first, size),
                   decays ? a : without_decay(a), part);
    });
  }

 private:
  template <Real S>
  static AdamStep<S> without_decay(AdamStep<S> a) {
    a.decay = 1;
    return a;
  }

  /// What step `step`, counted from 1, is done with.
  template <Real S>
  AdamStep<S> settings(Index step, double rate_factor) const {
    const auto t = static_cast<double>(step);
    // Corrections in double: 1 - 0.999f^t loses digits in float.
    return settings<S>(1 - std::pow(options_.beta1, t), 1 - std::pow(options_.beta2, t),
                       rate_factor);
  }

  template <Real S>
  AdamStep<S> settings(double correction1, double correction2, double rate_factor) const {
    const double lr = options_.lr * rate_factor;
    return {.rate = static_cast<S>(lr / correction1),
            .beta1 = static_cast<S>(options_.beta1),
            .gain1 = static_cast<S>(1 - options_.beta1),
            .beta2 = static_cast<S>(options_.beta2),
            .gain2 = static_cast<S>(1 - options_.beta2),
            .eps = static_cast<S>(options_.eps),
            .root_scale = static_cast<S>(1 / std::sqrt(correction2)),
            .decay = static_cast<S>(1 - lr * options_.weight_decay)};
  }

  AdamOptions options_;
};

static_assert(Optimizer<Adam> && LooksAhead<Adam>);

}  // namespace kd
