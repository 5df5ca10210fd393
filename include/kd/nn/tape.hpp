// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "kd/core/buffer.hpp"
#include "kd/core/error.hpp"
#include "kd/nn/layer.hpp"
#include "kd/nn/layout.hpp"
#include "kd/nn/tape_plan.hpp"

namespace kd {

/// What one network remembers of one batch: the activations, and in training their gradients and
/// each layer's cache. All of it lies in one block that is made once for `capacity` samples; a
/// smaller batch uses the front of every part.
///
/// Losses and hints add to `grad(i)`; a gradient that nobody has touched in this step counts as
/// zero without being written.
template <Real S, class Space = cpu::Space>
class Tape {
 public:
  /// `architecture` gives the sizes, `taps` which layers can be looked at. What nobody looks at
  /// shares its room with what is kept at other moments of a step (see kd/nn/tape_plan.hpp).
  template <class Architecture>
  Tape(const Architecture& architecture, Index capacity, Mode mode, Space space = {},
       const Taps& taps = {})
      : layout_(architecture), mode_(mode), capacity_(capacity) {
    detail::check_at_least_one("Tape: capacity", capacity);
    for (const Index layer : taps.layers)
      if (layer < 0 || layer > architecture.depth) refuse_layer(layer, architecture.depth);
    detail::TapePlan<S, Space> plan(architecture, capacity, mode, taps);
    block_ = Buffer<S, Space>(plan.size(), std::move(space));
    layers_ = std::move(plan).rooms();
    touched_.resize(layers_.size());
  }

  /// What it takes of the memory of its space.
  Index bytes() const { return block_.size() * static_cast<Index>(sizeof(S)); }

  Mode mode() const { return mode_; }
  Index capacity() const { return capacity_; }
  Index batch() const { return inputs_.cols; }
  Index depth() const { return static_cast<Index>(layers_.size()) - 1; }

  /// Whether it was made for this architecture or one with layers of the same sizes.
  bool suits(const detail::Layout& layout) const { return layout_.suits(layout); }

  /// Throws where it does not suit, and says what the difference is.
  template <class Architecture>
  void check_made_for(const char* where, const detail::Layout& layout,
                      const Architecture& architecture) const {
    if (!suits(layout)) refuse(where, layout, architecture);
  }

  /// Begins a step with these inputs, at most `capacity` samples; they are not copied.
  void begin(MatrixView<const S, Space> inputs) {
    if (layers_.empty()) throw ConfigError("Tape: it was moved from");
    detail::check_equal("Tape", "input features", at(0).width, inputs.rows);
    if (inputs.cols > capacity_)
      throw ShapeError(detail::text("Tape: made for ", capacity_, " samples, got ", inputs.cols));
    inputs_ = inputs;
    std::fill(touched_.begin(), touched_.end(), false);
  }

  /// What layer `i` gave, counted from 1; the inputs for 0. (features, batch) Throws `ShapeError`
  /// when there is no such layer, `ConfigError` when it is not among the taps.
  MatrixView<const S, Space> value(Index i) const {
    check_layer(i);
    if (!at(i).has_taps) refuse_look(i);
    return given(i);
  }

  /// What the last layer gave. (classes, batch)
  MatrixView<const S, Space> logits() const { return given(depth()); }

  /// The gradient at what layer `i` gave, to be added to; zero at the first call of a step. Throws
  /// as `value`.
  MatrixView<S, Space> grad(Index i) {
    check_layer(i);
    if (!at(i).has_taps) refuse_look(i);
    return filled_grad(i);
  }

  // For the network's own forward and backward.
  /// What layer `i` gave, or whatever came in its place, which it then does not need.
  MatrixView<const S, Space> given(Index i) const {
    i = at(i).same_as;
    if (i == 0) return inputs_;
    return {block_.view().data + at(i).value, at(i).width, batch()};
  }
  MatrixView<S, Space> output(Index i) {
    return {block_.view().data + at(i).value, at(i).width, batch()};
  }
  MatrixView<S, Space> cache(Index i) {
    if (mode_ == Mode::inference || at(i).cache_size == 0) return {};
    return {block_.view().data + at(i).cache, at(i).cache_size, batch()};
  }
  VectorView<S, Space> batch_cache(Index i) {
    if (mode_ == Mode::inference) return {};
    return block_.view().slice(at(i).batch_cache, at(i).batch_cache_size);
  }
  /// The layer whose output is that of layer `i`: another one where layer i changes nothing.
  Index same_as(Index i) const { return at(i).same_as; }
  bool has_grad(Index i) const { return touched_[static_cast<std::size_t>(i)]; }
  /// The gradient at layer `i`, zero where nobody has touched it.
  MatrixView<S, Space> filled_grad(Index i) {
    const auto [view, write] = claim_grad(i);
    if (write == Write::overwrite) op_zero(block_.space(), view.flat());
    return view;
  }
  /// The gradient at layer `i` for a kernel that can overwrite: says how it has to write.
  std::pair<MatrixView<S, Space>, Write> claim_grad(Index i) {
    const MatrixView<S, Space> view = grad_view(i);
    const Write write = has_grad(i) ? Write::add : Write::overwrite;
    touched_[static_cast<std::size_t>(i)] = true;
    return {view, write};
  }

 private:
  MatrixView<S, Space> grad_view(Index i) {
    check_layer(i);
    if (mode_ == Mode::inference)
      throw ConfigError("Tape: made for inference, so it has no gradients; make it for training");
    return {block_.view().data + at(i).grad, at(i).width, batch()};
  }
  void check_layer(Index i) const {
    if (i < 0 || i > depth()) refuse_layer(i, depth());
  }
  [[noreturn]] static void refuse_layer(Index i, Index depth) {
    throw ShapeError(detail::text("Tape: expected a layer from 0 to ", depth, ", got ", i));
  }
  [[noreturn]] static void refuse_look(Index i) {
    throw ConfigError(detail::text("Tape: expected a layer among its taps, got ", i,
                                   ", of which nothing is kept: a method says in `taps` where it "
                                   "looks, make_workspace is told"));
  }

  template <class Architecture>
  [[noreturn]] void refuse(const char* where, const detail::Layout& layout,
                           const Architecture& architecture) const {
    if (layout.was_moved_from())
      throw ConfigError(detail::text(where, ": the network was moved from and has no weights"));
    if (layers_.empty()) throw ConfigError(detail::text(where, ": the workspace was moved from"));
    std::string expected;
    for (Index i = 0; i <= architecture.depth; ++i)
      detail::append(expected, detail::text(i > 0 ? " -> " : "", architecture.width(i)));
    std::string got;
    for (Index i = 0; i <= depth(); ++i)
      detail::append(got, detail::text(i > 0 ? " -> " : "", at(i).width));
    throw ShapeError(detail::text(where, ": expected a workspace for ", expected,
                                  " features, layer by layer, got one for ", got,
                                  expected == got ? " with layers of other kinds" : ""));
  }

  const detail::LayerRoom& at(Index i) const { return layers_[static_cast<std::size_t>(i)]; }

  detail::Layout layout_;
  Mode mode_;
  Index capacity_;
  std::vector<detail::LayerRoom> layers_;
  std::vector<bool> touched_;  ///< the gradients, in this step
  Buffer<S, Space> block_;
  MatrixView<const S, Space> inputs_{};
};

}  // namespace kd
