// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cpu/ops/sum.hpp"
#include "kd/loss/weighted.hpp"
#include "kd/train/blame.hpp"
#include "kd/train/loop.hpp"
#include "kd/train/running.hpp"
#include "kd/train/validate.hpp"

namespace kd {

namespace detail {

/// A network, a loss on labels or targets, and nothing else.
template <class N, FitLoss L, Optimizer O>
class LossObjective {
 public:
  using S = typename N::Scalar;
  using Scalar = S;
  using Space = typename N::Space;
  static constexpr std::array<const char*, 1> terms{"loss"};

  LossObjective(N& network, const L& loss, const O& optimizer, Index capacity, Rng rng,
                TrainingState<O, S, Space>& state)
      : network_(network),
        loss_(loss),
        rng_(rng),
        tape_(network.make_workspace(capacity, Mode::training, Taps::none())),
        values_(capacity, network.space()),
        state_(state) {
    state.begin(optimizer, {network.num_params()}, network.space());
    state.describe(optimizer, 0, network);
  }

  std::array<double, 1> weights(const Progress&) const { return {1}; }

  void step(const Batch<S, Space>& batch, const Progress& progress,
            VectorView<double, Space> totals) {
    network_.zero_grad();
    step_rng_ = rng_.stream(static_cast<std::uint64_t>(progress.step));
    network_.forward(batch.inputs, tape_, step_rng_);
    const VectorView<S, Space> values = values_.view().slice(0, batch.size());
    const auto [dlogits, write] = tape_.claim_grad(tape_.depth());
    accumulate_weighted(loss_,
                        LossStep<S, Space, typename L::template Target<S, Space>>{
                            network_.space(), tape_.logits(), target_of<L>(batch),
                            S(1) / static_cast<S>(batch.size()), dlogits, write, values},
                        batch.weights, no_room_);
    op_add_sum(network_.space(), VectorView<const S, Space>(values), totals);
    network_.backward(tape_);
  }

  template <class F>
  void for_each_block(F&& f) {
    f(network_.params(), network_.grads(), state_.block(0));
  }

  template <class F>
  void for_each_follower(F&& f) {
    f(network_.statistics());
  }

  Validation validate(const Dataset& data) const { return detail::validate(network_, data); }

  void identify(RunIdentity& identity) const {
    identity.add_network("network", network_);
    identity.add("loss", name_of(loss_));
    identity.add_options("loss", loss_);
  }

  std::string blame() {
    std::string name = find_nonfinite_output(network_, tape_.value(0), step_rng_);
    if (name.empty()) name = find_nonfinite_logit_gradient(network_.space(), tape_);
    return name.empty() ? find_nonfinite_gradient(network_, network_.space()) : name;
  }

  std::string tensor_at(Index at) const { return detail::tensor_at(network_, at); }

 private:
  N& network_;
  const L& loss_;
  Rng rng_;
  Rng step_rng_;
  Tape<S, Space> tape_;
  Buffer<S, Space> values_;
  Buffer<S, Space> no_room_;  ///< there is one loss, which overwrites
  TrainingState<O, S, Space>& state_;
};

}  // namespace detail

/// Trains a network on labels: `fit(network, data, CrossEntropy{}, Adam{{.lr = 1e-3}}, {.epochs =
/// 6})`; or on targets: `fit(network, data, Mse{}, Adam{})`. Samples count what the data set says
/// (`Dataset::with_weights`, ignored labels).
///
/// Each call starts the optimizer anew, unless it is given the state in which the one before left
/// it (see `TrainingState`). With `FitOptions::validation` each epoch ends with a look at that data
/// set, by cross-entropy with its labels whatever the loss is; where it has none, by the mean
/// squared error. After the first step no step allocates. Throws before any work `ConfigError`,
/// `ShapeError` or `DataError` when options, network and data do not fit; `ConfigError` when it is
/// called by a callback of a `fit` that trains the same network; `NumericError` when a loss, a
/// gradient or what a step would make of them is not finite, and `DataError` when the logits for
/// the validation set are not: the network then keeps its latest weights, those of the last good
/// step.
template <class N, FitLoss L, Optimizer O>
requires(!std::is_const_v<N>) FitReport
    fit(N& network, const Dataset& data, const L& loss, const O& optimizer,
        const FitOptions& options, TrainingState<O, typename N::Scalar, typename N::Space>& state) {
  detail::check_model_fits("fit", network, data);
  detail::check_loss_fits<L>("fit", network.num_classes(), data);
  detail::check_options("fit", options, network);
  const detail::Running running("fit", &network);
  const detail::Running going_on("fit", &state);
  Loader<typename N::Scalar, typename N::Space> loader(data, options.batch_size, network.space());
  detail::LossObjective<N, L, O> objective(network, loss, optimizer,
                                           detail::most_columns(options, data),
                                           Rng(options.seed).stream(0), state);
  return detail::Training<typename N::Space, decltype(objective), O>(objective, optimizer, options,
                                                                     network.space(), state)
      .run(loader);
}
template <class N, FitLoss L, Optimizer O>
requires(!std::is_const_v<N>) FitReport fit(N& network, const Dataset& data, const L& loss,
                                            const O& optimizer, const FitOptions& options = {}) {
  TrainingState<O, typename N::Scalar, typename N::Space> state;
  return fit(network, data, loss, optimizer, options, state);
}

/// What `fit` does not take is named in one sentence.
template <class N, class L, class O>
requires(std::is_const_v<N> || !FitLoss<L> || !Optimizer<O>) FitReport
    fit(N&, const Dataset&, const L&, const O&, const FitOptions& = {}) {
  static_assert(!std::is_const_v<N>, "fit trains its network: it must not be const");
  static_assert(FitLoss<L>, "fit takes a kd::FitLoss third, such as CrossEntropy{} or Mse{}");
  static_assert(Optimizer<O>, "fit takes a kd::Optimizer fourth, such as Adam{{.lr = 1e-3}}");
  return {};
}

}  // namespace kd
