// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <type_traits>
#include <utility>
#include <vector>

#include "kd/core/buffer.hpp"
#include "kd/cpu/ops/region_means.hpp"
#include "kd/nn/linear.hpp"
#include "kd/nn/network.hpp"
#include "kd/nn/pool.hpp"

namespace kd::detail {

/// Whether a network ends in the mean of maps and a linear classifier of it, which then can be
/// asked about every place of the maps.
template <class Model>
constexpr bool classifies_means() {
  if constexpr (requires(const Model model) {
                  typename Model::Architecture;
                  model.params();
                }) {
    using A = typename Model::Architecture;
    if constexpr (A::depth >= 3)
      return is_linear<LayerAt<A, A::depth>> &&
             std::is_same_v<LayerAt<A, A::depth - 1>, GlobalAvgPool> &&
             A::sources(A::depth - 1).first > 0;
  }
  return false;
}

template <class TeacherT, class StudentT>
constexpr void check_classifies_means() {
  static_assert(classifies_means<TeacherT>(),
                "this method asks the teacher's classifier about every place of its maps, so the "
                "teacher must be a kd::Network that ends in GlobalAvgPool and Linear");
  static_assert(classifies_means<StudentT>(),
                "this method asks the student's classifier about every place of its maps, so the "
                "student must end in GlobalAvgPool and Linear");
}

/// What layer gives the maps of such a network.
template <class Model>
inline constexpr Index classified_maps =
    Model::Architecture::sources(Model::Architecture::depth - 1).first;

/// The last layer of a network, asked about cells of the maps before their mean: each cell of each
/// grid is a sample of its own, those of the first grid before those of the next.
template <Real S, class Space>
class PlaceClassifier {
 public:
  /// With the bias it gives the logits that the network would give if a cell were all there is.
  /// Throws `ConfigError` when a grid has more cells a side than the maps have places.
  template <class Model>
  PlaceClassifier(const char* method, const Model& model, std::vector<Index> grids, bool with_bias,
                  Index capacity, Mode mode, const Space& space)
      : map_(model.architecture().template layer<Model::Architecture::depth>().in_features(),
             model.num_classes()),
        offset_(model.architecture().offset(Model::Architecture::depth)),
        layer_(classified_maps<Model>),
        params_(model.params()),
        maps_(model.architecture().shape(classified_maps<Model>)),
        grids_(std::move(grids)) {
    for (const Index grid : grids_) {
      if (grid < 1 || grid > std::min(maps_.height, maps_.width))
        throw ConfigError(text(method, ": expected a grid of 1 to ",
                               std::min(maps_.height, maps_.width), " cells a side, as maps of ",
                               describe_shape(maps_), " can be cut, got ", grid));
      cells_ += grid * grid;
    }
    means_ = Buffer<S, Space>(maps_.channels * cells_ * capacity, space);
    if (mode == Mode::training) dmeans_ = means_;
    if (!with_bias) no_bias_ = Buffer<S, Space>(2 * classes(), space);
  }

  /// The parameters of the network that it was made for, where they lie.
  VectorView<const S, Space> params() const { return params_; }
  /// The layer that gives the maps.
  Index layer() const { return layer_; }
  /// Cells of all grids.
  Index cells() const { return cells_; }
  Index classes() const { return map_.out_features(); }

  /// The logits of every cell, (classes, cells batch); `params` are those of the whole network.
  void forward(const Space& space, VectorView<const S, Space> params,
               MatrixView<const S, Space> maps, MatrixView<S, Space> logits) {
    check_equal("PlaceClassifier", "parameters of the network", params_.size, params.size);
    check_equal("PlaceClassifier", "features of the maps", maps_.features(), maps.rows);
    const MatrixView<S, Space> means = means_.matrix(maps_.channels, logits.cols);
    for_grids(maps.cols, [&](Index grid, Index first, Index count) {
      op_region_means(space, maps_, grid, maps, means.middle_cols(first, count));
    });
    const auto own = params.slice(offset_, map_.num_params());
    op_linear_forward(space, map_.weight(own), has_bias() ? map_.bias(own) : zeros(),
                      MatrixView<const S, Space>(means), logits);
  }

  /// Adds to the gradients of the last layer, within those of the whole network, and of the maps.
  void backward(const Space& space, VectorView<const S, Space> params,
                MatrixView<const S, Space> dlogits, VectorView<S, Space> dparams,
                MatrixView<S, Space> dmaps) {
    const MatrixView<const S, Space> means = means_.matrix(maps_.channels, dlogits.cols);
    const MatrixView<S, Space> dmeans = dmeans_.matrix(maps_.channels, dlogits.cols);
    const auto own = params.slice(offset_, map_.num_params());
    const auto gradient = dparams.slice(offset_, map_.num_params());
    op_linear_backward(
        space, map_.weight(own), means, dlogits, map_.weight(gradient),
        has_bias() ? map_.bias(gradient) : no_bias_.view().slice(classes(), classes()), Write::add,
        dmeans, Write::overwrite);
    for_grids(dmaps.cols, [&](Index grid, Index first, Index count) {
      op_region_means_backward(space, maps_, grid,
                               MatrixView<const S, Space>(dmeans.middle_cols(first, count)), dmaps);
    });
  }

  /// Calls `body(grid, first, count)`: which columns are the cells of a grid.
  template <class Body>
  void for_grids(Index batch, Body&& body) const {
    Index first = 0;
    for (const Index grid : grids_) {
      body(grid, first, grid * grid * batch);
      first += grid * grid * batch;
    }
  }

 private:
  bool has_bias() const { return no_bias_.size() == 0; }
  VectorView<const S, Space> zeros() const { return no_bias_.view().slice(0, classes()); }

  Linear<> map_;
  Index offset_;
  Index layer_;
  VectorView<const S, Space> params_;
  Shape maps_;
  std::vector<Index> grids_;
  Index cells_ = 0;
  Buffer<S, Space> means_;
  Buffer<S, Space> dmeans_;
  Buffer<S, Space> no_bias_;  ///< zeros in place of the bias, then its gradient, which nobody reads
};

}  // namespace kd::detail
