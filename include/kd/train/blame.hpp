// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "kd/core/guard.hpp"
#include "kd/cpu/ops/guard.hpp"
#include "kd/nn/network.hpp"

namespace kd::detail {

template <class T, class Space>
bool all_finite(const Space& space, VectorView<T, Space> x) {
  Buffer<std::int32_t, Space> flag(1, space);
  op_flag_nonfinite(space, VectorView<const std::remove_const_t<T>, Space>(x), flag.view());
  return op_read(space, flag.view()) == 0;
}

// What is not finite is asked only after the guard went up, in the order in which a step makes it;
// an empty name says that all of these are finite.

/// The first output of a layer, in training: computed again, with room to look at every layer.
template <class N>
std::string find_nonfinite_output(const N& network,
                                  MatrixView<const typename N::Scalar, typename N::Space> inputs,
                                  Rng rng) {
  const auto& space = network.space();
  auto tape = network.make_workspace(inputs.cols, Mode::training);
  network.forward(inputs, tape, rng);
  for (Index i = 1; i <= tape.depth(); ++i)
    if (!all_finite(space, tape.value(i).flat())) return text("output of layer ", i);
  return {};
}

template <class S, class Space>
std::string find_nonfinite_logit_gradient(const Space& space, Tape<S, Space>& tape) {
  return all_finite(space, tape.grad(tape.depth()).flat()) ? "" : "gradient of the logits";
}

/// The first of the tensors that `trained` names in its gradients.
template <class T, class Space>
std::string find_nonfinite_gradient(T& trained, const Space& space) {
  for (const TensorInfo& tensor : trained.tensors())
    if (!all_finite(space, trained.grads().slice(tensor.offset, tensor.size())))
      return "gradient of " + tensor.name;
  return {};
}

/// The tensor which parameter `at` belongs to.
template <class T>
std::string tensor_at(const T& trained, Index at) {
  if constexpr (requires { trained.tensors(); })
    for (const TensorInfo& tensor : trained.tensors())
      if (tensor.offset <= at && at < tensor.offset + tensor.size()) return tensor.name;
  return "the weights";
}

}  // namespace kd::detail
