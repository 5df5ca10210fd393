// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "kd/core/matrix.hpp"
#include "kd/nn/layer.hpp"
#include "kd/optim/optimizer.hpp"
#include "support/golden.hpp"

namespace kd::test {

/// The parameters behind each step of an optimizer, along the golden gradients: column t those
/// behind step t. `prefix` is that of the files, `tensors` what the parameters consist of.
template <class S, Optimizer O>
Matrix<S> run_golden_steps(const O& optimizer, const std::string& prefix = "",
                           const std::vector<TensorInfo>& tensors = {}) {
  const cpu::Space space;
  const Matrix<S> gradients = golden("optim/" + prefix + "gradients").template cast<S>();
  Vector<S> params = golden_vector("optim/" + prefix + "initial").template cast<S>();
  auto state = optimizer.template make_state<S>(params.size(), space);
  if (!tensors.empty()) optimizer.describe(state, tensors);
  std::int32_t guard = 0;
  Matrix<S> path(params.size(), gradients.cols());
  for (Index t = 0; t < gradients.cols(); ++t) {
    const Vector<S> gradient = gradients.col(t);
    optimizer.step(space, state, view(params), view(gradient), 1., {&guard, 1});
    path.col(t) = params;
  }
  return path;
}

/// How far that is from what PyTorch computed, at `optim/<name>_parameters`.
template <class S, Optimizer O>
double distance_from_golden(const O& optimizer, const std::string& name) {
  return relative_distance(run_golden_steps<S>(optimizer), golden("optim/" + name + "_parameters"),
                           1e-3);
}

}  // namespace kd::test
