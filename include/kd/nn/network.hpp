// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <utility>

#include "kd/core/batch.hpp"
#include "kd/core/matrix.hpp"
#include "kd/core/model_fits.hpp"
#include "kd/nn/kept_tape.hpp"
#include "kd/nn/layer_weights.hpp"
#include "kd/nn/pass.hpp"
#include "kd/nn/sequential.hpp"
#include "kd/nn/tape.hpp"

namespace kd {

/// An architecture with weights: one block of parameters, with the statistics of its layers behind
/// them, and one of gradients.
///
/// `Network<Student>` computes in float on the CPU; the space and the scalar are type arguments.
/// A `const` network is a frozen one: it predicts and teaches, with dropout off. One that was moved
/// from has no weights, and throws `ConfigError` when it is to do anything.
template <class ArchitectureT, class SpaceT = cpu::Space, Real ScalarT = float>
class Network {
  static_assert(ArchitectureT::knows_input,
                "a network needs a layer that says how many features it takes, such as "
                "Linear<784, 10>, or an Image<1, 28, 28> in front: other layers take any shape");

 public:
  using Architecture = ArchitectureT;
  using Space = SpaceT;
  using Scalar = ScalarT;
  using Workspace = Tape<Scalar, Space>;

  /// The number of classes where the types tell it, else `dynamic`.
  static constexpr Index static_classes = Architecture::static_width(Architecture::depth);

  /// Draws the first weights as PyTorch's layers do; the same seed gives the same weights.
  explicit Network(Rng rng, Space space = {}) requires std::default_initializable<Architecture>
      : Network(Architecture{}, rng, std::move(space)) {}

  /// For an architecture with sizes or settings of run time.
  Network(Architecture architecture, Rng rng, Space space = {})
      : architecture_(std::move(architecture)),
        layout_(architecture_),
        weights_(architecture_.num_params() + architecture_.num_statistics(), space),
        grads_(architecture_.num_params(), space) {
    Buffer<Scalar, cpu::Space> host(weights_.size());
    for_each_layer([&](const auto& layer, Index i) {
      layer.init(host.view().slice(architecture_.offset(i), layer.num_params()),
                 rng.stream(static_cast<std::uint64_t>(i)));
      if constexpr (detail::HasStatistics<std::remove_cvref_t<decltype(layer)>>)
        layer.init_statistics(host.view().slice(num_params() + architecture_.statistics_offset(i),
                                                layer.num_statistics()));
    });
    op_upload(space, VectorView<const Scalar>(host.view()), weights_.view());
  }

  const Architecture& architecture() const { return architecture_; }
  const Space& space() const { return weights_.space(); }
  Index in_features() const { return architecture_.in_features(); }
  Index num_classes() const { return architecture_.out_features(); }
  Index num_params() const { return architecture_.num_params(); }

  /// All parameters in one block, layer after layer.
  VectorView<Scalar, Space> params() {
    return weights().slice(0, weights_.size() - statistics_size());
  }
  VectorView<const Scalar, Space> params() const {
    return weights().slice(0, weights_.size() - statistics_size());
  }

  /// What layers have seen of their inputs in training (a `BatchNorm`'s running moments), which is
  /// not trained: layer after layer.
  VectorView<Scalar, Space> statistics() {
    return weights().slice(weights_.size() - statistics_size(), statistics_size());
  }
  VectorView<const Scalar, Space> statistics() const {
    return weights().slice(weights_.size() - statistics_size(), statistics_size());
  }

  /// All that the network knows: the parameters, then the statistics.
  VectorView<Scalar, Space> weights() { return weights_.view(); }
  VectorView<const Scalar, Space> weights() const { return weights_.view(); }

  /// The weights of layer `I`, counted from 1, as maps: `network.layer<1>().weight()`. Throws
  /// `ConfigError` when the network was moved from.
  template <Index I>
  requires std::same_as<Space, cpu::Space>
  auto layer() & { return weights_of<I>(params()); }
  template <Index I>
  requires std::same_as<Space, cpu::Space>
  auto layer() const& { return weights_of<I>(params()); }
  template <Index I>
  void layer() const&& {
    static_assert(I == dynamic, "a temporary network would be gone before its weights are read");
  }

  /// All gradients, in the order of the parameters.
  VectorView<Scalar, Space> grads() {
    settle_grads();
    return grads_.view();
  }

  /// Forgets the gradients; nothing is written until somebody needs it.
  void zero_grad() { write_grads_ = Write::overwrite; }

  /// Room for the activations of up to `capacity` samples, and in training for their gradients.
  /// All layers can be looked at, or, in less room, the `taps` alone:
  /// `make_workspace(32, Mode::training, Taps::only({4}))`.
  Workspace make_workspace(Index capacity, Mode mode = Mode::inference,
                           const Taps& taps = {}) const {
    if (layout_.was_moved_from())
      throw ConfigError("Network::make_workspace: the network was moved from and has no weights");
    return Workspace(architecture_, capacity, mode, space(), taps);
  }

  /// Computes the logits of a batch: (in_features, batch) -> (classes, batch), which stay in the
  /// tape. `rng` is a stream of this step, for dropout. Throws `ShapeError` when the tape was made
  /// for a network of other sizes, or for fewer samples.
  MatrixView<const Scalar, Space> forward(MatrixView<const Scalar, Space> inputs, Workspace& tape,
                                          Rng rng = Rng()) const {
    tape.check_made_for("Network::forward", layout_, architecture_);
    tape.begin(inputs);
    pass(tape).forward(rng, statistics());
    return tape.logits();
  }

  /// A network teaches through its logits (see the concept `Teacher`).
  MatrixView<const Scalar, Space> logits(const Batch<Scalar, Space>& batch, Workspace& tape) const {
    return forward(batch.inputs, tape);
  }

  /// Adds to the gradients what follows from the gradients in the tape, last layer to first. Throws
  /// `ShapeError` as `forward`, `ConfigError` when the tape was made for inference.
  void backward(Workspace& tape) {
    tape.check_made_for("Network::backward", layout_, architecture_);
    if (tape.mode() == Mode::inference)
      throw ConfigError(
          "Network::backward: expected a workspace for Mode::training, got one for inference");
    Index top = Architecture::depth;
    while (top > 0 && !tape.has_grad(top)) --top;
    if (top < Architecture::depth) settle_grads();  // the layers above it get nothing
    pass(tape).backward(top, statistics(), grads_.view(), write_grads_);
    write_grads_ = Write::add;
  }

  /// The logits of samples, one a column: (in_features, samples) -> (classes, samples). The room
  /// for a few of them stays with the thread, for its next prediction by such a network. Throws
  /// `ShapeError` when the features are not as many as the network takes.
  Matrix<Scalar> predict(
      const MatrixRef<Scalar>& inputs) const requires std::same_as<Space, cpu::Space> {
    detail::check_features("Network::predict", *this, inputs.rows(), inputs.cols());
    constexpr Index most = 256;  // samples at a time, so that activations stay in cache
    Matrix<Scalar> result(num_classes(), inputs.cols());
    if (inputs.cols() == 0) return result;
    detail::KeptTape<Architecture, Workspace> tape(
        layout_, std::min(inputs.cols(), most),
        [&](Index capacity) { return make_workspace(capacity); });
    Matrix<Scalar> gathered;
    for (Index first = 0; first < inputs.cols(); first += most) {
      const Index count = std::min(inputs.cols() - first, most);
      MatrixView<const Scalar> part{inputs.data() + first * inputs.outerStride(), inputs.rows(),
                                    count};
      if (inputs.outerStride() != inputs.rows()) {
        gathered = inputs.middleCols(first, count);
        part = view(std::as_const(gathered));
      }
      result.middleCols(first, count) = map(forward(part, tape.get()));
    }
    return result;
  }

  /// The same without an allocation, of no more samples than the workspace has room for: a map of
  /// the logits in the workspace, which stay there until it is used again. `inputs` are a vector,
  /// a matrix or columns of one; an expression is evaluated first, which allocates.
  ///
  ///     auto workspace = network.make_workspace(32);
  ///     const auto logits = network.predict(samples, workspace);
  ///
  /// Threads may do so at once, each with a workspace of its own. Throws `ShapeError` when features
  /// or samples do not fit the workspace, or there are gaps between the columns; `ConfigError` when
  /// it was made for training, where dropout is on.
  Eigen::Map<const Matrix<Scalar>> predict(const MatrixRef<Scalar>& inputs, Workspace& workspace)
      const requires std::same_as<Space, cpu::Space> {
    detail::check_features("Network::predict", *this, inputs.rows(), inputs.cols());
    if (workspace.mode() == Mode::training)
      throw ConfigError(
          "Network::predict: expected a workspace for inference, got one for Mode::training");
    if (inputs.cols() > 1 && inputs.outerStride() != inputs.rows())
      throw ShapeError(detail::text("Network::predict: expected columns without gaps, got ",
                                    inputs.rows(), " features every ", inputs.outerStride(),
                                    " numbers: copy them, or predict without a workspace"));
    return map(forward({inputs.data(), inputs.rows(), inputs.cols()}, workspace));
  }

  /// The named tensors, offsets within the whole block: "layer 1 weight", "layer 1 bias", ...
  std::vector<TensorInfo> tensors() const {
    std::vector<TensorInfo> all;
    for_each_layer([&](const auto& layer, Index i) {
      for (TensorInfo tensor : layer.tensors()) {
        tensor.name = detail::text("layer ", i, " ", tensor.name);
        tensor.offset += architecture_.offset(i);
        all.push_back(std::move(tensor));
      }
    });
    return all;
  }

 private:
  /// Calls `f(layer, i)`, i counted from 1.
  template <class F>
  void for_each_layer(F&& f) const {
    Index i = 0;
    architecture_.for_each([&](const auto& layer) { f(layer, ++i); });
  }

  template <Index I, class T>
  auto weights_of(VectorView<T> all) const {
    if (layout_.was_moved_from())
      throw ConfigError("Network::layer: the network was moved from and has no weights");
    const auto& layer = architecture_.template layer<I>();
    return LayerWeights<std::remove_cvref_t<decltype(layer)>, T>(
        layer, all.slice(architecture_.offset(I), layer.num_params()));
  }

  /// None when it was moved from, as everything.
  Index statistics_size() const {
    return std::min(weights_.size(), architecture_.num_statistics());
  }

  detail::Pass<Architecture, Scalar, Space> pass(Workspace& tape) const {
    return {architecture_, space(), params(), tape};
  }

  void settle_grads() {
    if (write_grads_ == Write::overwrite) op_zero(space(), grads_.view());
    write_grads_ = Write::add;
  }

  Architecture architecture_;
  detail::Layout layout_;
  Buffer<Scalar, Space> weights_;
  Buffer<Scalar, Space> grads_;
  Write write_grads_ = Write::add;
};

}  // namespace kd
