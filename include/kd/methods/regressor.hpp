// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>
#include <vector>

#include "kd/distill/sample_losses.hpp"
#include "kd/distill/tap.hpp"
#include "kd/nn/conv2d.hpp"
#include "kd/nn/linear.hpp"
#include "kd/nn/sequential.hpp"

namespace kd::detail {

/// A 1 x 1 convolution: one linear map of the channels for all places of a map.
using Convolution1x1 = Sequential<Image<>, Conv2d<>>;

inline Convolution1x1 convolution_1x1(const Shape& in, Index channels) {
  return Convolution1x1(Image<>(in.channels, in.height, in.width), Conv2d<>(channels));
}

/// What makes a teacher's features of a student's: between maps of one size a 1 x 1 convolution,
/// else a linear map of all features. Where only run time knows the shapes, the convolution is the
/// linear map if it has maps of one element.
template <bool are_maps>
using Regressor = std::conditional_t<are_maps, Convolution1x1, Sequential<Linear<>>>;

template <class R>
R make_regressor(const Shape& student, const Shape& teacher) {
  if constexpr (std::is_same_v<R, Convolution1x1>) {
    if (are_maps_of_one_size(student, teacher)) return convolution_1x1(student, teacher.channels);
    return convolution_1x1({student.features()}, teacher.features());
  } else {
    return R(Linear<>(student.features(), teacher.features()));
  }
}

/// The state of a method with `Terms` losses that learns a regressor.
template <Real S, class Space, class Architecture, Index Terms = 1>
struct RegressorState {
  Network<Architecture, Space, S> regressor;  ///< student's features -> teacher's
  Buffer<S, Space> output;                    ///< what it gives, then the gradient there
  SampleLosses<S, Space, Terms> losses;

  RegressorState(const Architecture& architecture, std::uint64_t seed, Index capacity,
                 const Space& space)
      : regressor(architecture, Rng(seed), space),
        output(architecture.out_features() * capacity, space),
        losses(capacity, space) {}

  auto params() { return regressor.params(); }
  auto grads() { return regressor.grads(); }
  std::vector<TensorInfo> tensors() const { return regressor.tensors(); }

  /// (teacher's features, batch), until the next call.
  MatrixView<S, Space> forward(const Space& space, MatrixView<const S, Space> features) {
    const MatrixView<S, Space> y = output.matrix(map().out_features(), features.cols);
    map().forward(LayerForward<S, Space>{space, Mode::training, Rng(), weights(), features, y, {}});
    return y;
  }
  /// Adds to the gradients of the regressor and of the features.
  void backward(const Space& space, MatrixView<const S, Space> features,
                MatrixView<const S, Space> gradient, MatrixView<S, Space> dfeatures) {
    map().backward(LayerBackward<S, Space>{
        space, weights(), features, {}, {}, gradient, grads(), Write::add, dfeatures, Write::add});
  }
  const auto& map() const { return regressor.architecture().template layer<1>(); }

 private:
  VectorView<const S, Space> weights() const { return regressor.params(); }
};

}  // namespace kd::detail
