// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/buffer.hpp"
#include "kd/cpu/ops/make_unit.hpp"
#include "kd/nn/linear.hpp"

namespace kd::detail {

/// A learned map of features to vectors of length 1: `u = y / |y|`, `y = W f + b`. Its weights
/// begin at `offset` of a block that somebody else owns.
template <Real S, class Space>
class Embedding {
 public:
  Embedding(Index features, Index width, Index offset, Index capacity, const Space& space)
      : map_(features, width),
        offset_(offset),
        unit_(width * capacity, space),
        inverse_lengths_(capacity, space) {}

  const Linear<>& map() const { return map_; }
  Index offset() const { return offset_; }

  /// (width, batch), until the next call.
  MatrixView<const S, Space> forward(const Space& space, VectorView<const S, Space> block,
                                     MatrixView<const S, Space> features) {
    check_equal("Embedding", "features, as the state was made for", map_.in_features(),
                features.rows);
    const MatrixView<S, Space> unit = unit_.matrix(map_.out_features(), features.cols);
    map_.forward(
        LayerForward<S, Space>{space, Mode::training, Rng(), mine(block), features, unit, {}});
    op_make_unit(space, unit, inverse_lengths_.first(features.cols));
    return unit;
  }

  /// Adds to the gradients of the block and, unless it is empty, to that of the features; changes
  /// `gradient`, which is the one at what forward gave.
  void backward(const Space& space, VectorView<const S, Space> block,
                MatrixView<const S, Space> features, MatrixView<S, Space> gradient,
                VectorView<S, Space> dblock, MatrixView<S, Space> dfeatures) {
    const MatrixView<const S, Space> unit = unit_.matrix(gradient.rows, gradient.cols);
    op_make_unit_backward(
        space, unit, VectorView<const S, Space>(inverse_lengths_.first(gradient.cols)), gradient);
    map_.backward(LayerBackward<S, Space>{space,
                                          mine(block),
                                          features,
                                          {},
                                          {},
                                          gradient,
                                          mine(dblock),
                                          Write::add,
                                          dfeatures,
                                          Write::add});
  }

 private:
  template <class T>
  VectorView<T, Space> mine(VectorView<T, Space> block) const {
    return block.slice(offset_, map_.num_params());
  }

  Linear<> map_;
  Index offset_;
  Buffer<S, Space> unit_;
  Buffer<S, Space> inverse_lengths_;
};

}  // namespace kd::detail
