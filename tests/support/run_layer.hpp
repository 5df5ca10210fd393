// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "kd/core/matrix.hpp"
#include "kd/nn/layer.hpp"

namespace kd::test {

/// What one layer gives on a batch.
template <class S>
struct LayerRun {
  Matrix<S> y;
  Matrix<S> cache;
  Matrix<S> dx;
  Vector<S> dparams;
};

/// Forward in training.
template <class S, Layer L>
LayerRun<S> run_forward(const L& layer, const Vector<S>& params, const Matrix<S>& x,
                        Rng rng = Rng()) {
  const cpu::Space space;
  Index out = x.rows();
  if constexpr (!kd::detail::Elementwise<L>) out = layer.out_features();
  LayerRun<S> run{
      Matrix<S>(out, x.cols()), Matrix<S>(layer.cache_size(x.rows()), x.cols()), {}, {}};
  layer.forward(LayerForward<S, cpu::Space>{space, Mode::training, rng, view(params), view(x),
                                            view(run.y), view(run.cache)});
  return run;
}

/// Backward behind it; the gradients are overwritten.
template <class S, Layer L>
void run_backward(const L& layer, const Vector<S>& params, const Matrix<S>& x, const Matrix<S>& dy,
                  LayerRun<S>& run) {
  const cpu::Space space;
  run.dx.resize(x.rows(), x.cols());
  run.dparams.resize(params.size());
  const LayerRun<S>& forward = run;
  layer.backward(LayerBackward<S, cpu::Space>{space, view(params), view(x), view(forward.y),
                                              view(forward.cache), view(dy), view(run.dparams),
                                              Write::overwrite, view(run.dx), Write::overwrite});
}

}  // namespace kd::test
