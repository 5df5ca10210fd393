// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include "kd/core/matrix.hpp"
#include "kd/core/parallel.hpp"
#include "kd/cpu/scratch.hpp"
#include "kd/cpu/space.hpp"

/// What the losses on logits share that are written sample by sample (those of
/// distillation_loss.hpp, which nearly every step runs, are written for blocks of samples).
namespace kd::cpu::detail {

/// Sample `b` of a batch.
template <class T>
VectorView<T> sample(MatrixView<T> x, Index b) {
  return x.middle_cols(b, 1).flat();
}

/// Calls `body(b)` for every sample; `exponentials` counts those an element takes.
template <class T, class Body>
void for_samples(MatrixView<T> logits, int exponentials, Body&& body) {
  parallel_for(logits.cols, 4. * exponentials * static_cast<double>(logits.rows), body);
}

/// `out = log softmax(z / temperature)`; the two may be the same.
template <Real S>
void log_softmax(VectorView<const S> z, S temperature, VectorView<S> out) {
  const S max = map(z).maxCoeff();
  array(out) = (array(z) - max) * (S(1) / temperature);
  array(out) -= std::log(array(out).exp().sum());
}

}  // namespace kd::cpu::detail
