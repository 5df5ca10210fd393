// SPDX-License-Identifier: MIT
#pragma once

#include "kd/compiled/template.hpp"
#include "kd/core/buffer.hpp"
#include "kd/cpu/space.hpp"
#include "kd/data/loader.hpp"
#include "kd/data/mnist.hpp"
#include "kd/loss/cross_entropy.hpp"
#include "kd/methods/soft_targets.hpp"
#include "kd/nn/tape.hpp"
#include "kd/optim/adam.hpp"
#include "kd/optim/sgd.hpp"
#include "kd/train/evaluate.hpp"
#include "kd/train/training_state.hpp"

// What is around the operations and depends on no architecture, for float: in the library of
// kd::compiled.
namespace kd {

KD_TEMPLATE class Buffer<float>;
KD_TEMPLATE class Buffer<double>;
KD_TEMPLATE class Buffer<std::int32_t>;
KD_TEMPLATE class Buffer<unsigned long long>;
KD_TEMPLATE class Loader<float>;
KD_TEMPLATE class Tape<float, cpu::Space>;
KD_TEMPLATE class detail::TapePlan<float, cpu::Space>;
KD_TEMPLATE class detail::MeanLoss<float, cpu::Space>;
KD_TEMPLATE class detail::Tally<float, cpu::Space>;
KD_TEMPLATE class TrainingState<Adam, float, cpu::Space>;
KD_TEMPLATE class TrainingState<Sgd, float, cpu::Space>;
KD_TEMPLATE class detail::IdxFile<PlainFiles>;
KD_TEMPLATE class detail::MnistFinder<PlainFiles>;
KD_TEMPLATE Bytes detail::read_images(detail::IdxFile<PlainFiles>&);
KD_TEMPLATE Labels detail::read_labels(detail::IdxFile<PlainFiles>&, Index, Label);
KD_TEMPLATE Dataset load_mnist(const std::string&, Split, const PlainFiles&);

KD_TEMPLATE void Adam::step(const cpu::Space&, Adam::State<float>&, VectorView<float>,
                            VectorView<const float>, double, Guard<>) const;
KD_TEMPLATE void Adam::measure(const cpu::Space&, Adam::State<float>&, VectorView<const float>,
                               VectorView<std::int32_t>) const;
KD_TEMPLATE bool Adam::is_safe(Adam::State<float>&, double) const;
KD_TEMPLATE void Adam::look_ahead(const cpu::Space&, Adam::State<float>&, VectorView<float>,
                                  VectorView<const float>, double, const Lookout<>&) const;

}  // namespace kd
