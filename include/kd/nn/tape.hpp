// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "kd/core/buffer.hpp"
#include "kd/core/cache_line.hpp"
#include "kd/core/error.hpp"
#include "kd/nn/layer.hpp"
#include "kd/nn/layout.hpp"

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
  /// `architecture` gives the sizes.
  template <class Architecture>
  Tape(const Architecture& architecture, Index capacity, Mode mode, Space space = {})
      : layout_(architecture),
        mode_(mode),
        capacity_(capacity),
        layers_(static_cast<std::size_t>(architecture.depth) + 1) {
    detail::check_at_least_one("Tape: capacity", capacity);
    for (Index i = 0; i <= architecture.depth; ++i) at(i).width = architecture.width(i);
    Index i = 0;
    Index total = 0;
    architecture.for_each([&](const auto& layer) {
      using L = std::remove_cvref_t<decltype(layer)>;
      const Index source = architecture.sources(++i).first;
      if (mode == Mode::inference && detail::IdentityInInference<L>) {
        at(i).same_as = at(source).same_as;
        return;
      }
      at(i).same_as = i;
      at(i).value = reserve(total, at(i).width * capacity);
      if (mode == Mode::inference) return;
      at(i).grad = reserve(total, at(i).width * capacity);
      at(i).cache_size = layer.cache_size(at(source).width);
      at(i).cache = reserve(total, at(i).cache_size * capacity);
      at(i).batch_cache_size = detail::batch_cache_size(layer);
      at(i).batch_cache = reserve(total, at(i).batch_cache_size);
    });
    block_ = Buffer<S, Space>(total, std::move(space));
  }

  Mode mode() const { return mode_; }
  Index capacity() const { return capacity_; }
  Index batch() const { return inputs_.cols; }
  Index depth() const { return static_cast<Index>(layers_.size()) - 1; }

  /// Throws unless it was made for this architecture or one with layers of the same sizes.
  template <class Architecture>
  void check_made_for(const char* where, const detail::Layout& layout,
                      const Architecture& architecture) const {
    if (!layout_.suits(layout)) refuse(where, layout, architecture);
  }

  /// Begins a step with these inputs, at most `capacity` samples; they are not copied.
  void begin(MatrixView<const S, Space> inputs) {
    if (layers_.empty()) throw ConfigError("Tape: it was moved from");
    detail::check_equal("Tape", "input features", at(0).width, inputs.rows);
    if (inputs.cols > capacity_)
      throw ShapeError(detail::text("Tape: made for ", capacity_, " samples, got ", inputs.cols));
    inputs_ = inputs;
    for (auto& layer : layers_) layer.touched = false;
  }

  /// What layer `i` gave, counted from 1; the inputs for 0. (features, batch)
  MatrixView<const S, Space> value(Index i) const {
    check_layer(i);
    i = at(i).same_as;
    if (i == 0) return inputs_;
    return {block_.view().data + at(i).value, at(i).width, batch()};
  }

  /// What the last layer gave. (classes, batch)
  MatrixView<const S, Space> logits() const { return value(depth()); }

  /// The gradient at what layer `i` gave, to be added to; zero at the first call of a step.
  MatrixView<S, Space> grad(Index i) {
    const MatrixView<S, Space> view = grad_view(i);
    if (!at(i).touched) op_zero(block_.space(), view.flat());
    at(i).touched = true;
    return view;
  }

  // For the network's own forward and backward.
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
  bool has_grad(Index i) const { return at(i).touched; }
  /// The gradient at layer `i` for a kernel that can overwrite: says how it has to write.
  std::pair<MatrixView<S, Space>, Write> claim_grad(Index i) {
    const Write write = at(i).touched ? Write::add : Write::overwrite;
    at(i).touched = true;
    return {grad_view(i), write};
  }

 private:
  struct LayerRoom {
    Index width = 0;
    Index value = 0;  // offsets into the block
    Index grad = 0;
    Index cache = 0;
    Index cache_size = 0;
    Index batch_cache = 0;
    Index batch_cache_size = 0;
    Index same_as = 0;
    bool touched = false;
  };

  static Index reserve(Index& total, Index count) {
    return std::exchange(total, detail::whole_cache_lines<S>(total + count));
  }
  MatrixView<S, Space> grad_view(Index i) {
    check_layer(i);
    if (mode_ == Mode::inference)
      throw ConfigError("Tape: made for inference, so it has no gradients; make it for training");
    return {block_.view().data + at(i).grad, at(i).width, batch()};
  }
  void check_layer(Index i) const {
    if (i < 0 || i > depth())
      throw ShapeError(detail::text("Tape: expected a layer from 0 to ", depth(), ", got ", i));
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

  LayerRoom& at(Index i) { return layers_[static_cast<std::size_t>(i)]; }
  const LayerRoom& at(Index i) const { return layers_[static_cast<std::size_t>(i)]; }

  detail::Layout layout_;
  Mode mode_;
  Index capacity_;
  std::vector<LayerRoom> layers_;
  Buffer<S, Space> block_;
  MatrixView<const S, Space> inputs_{};
};

}  // namespace kd
