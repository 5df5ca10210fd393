// SPDX-License-Identifier: MIT
//
// Does not compile: this method's op has no overload for a device, and the error names the op.
#include <kd/cuda.hpp>

using Net = kd::Sequential<kd::Linear<4, 3>>;

void train(const kd::Dataset& data) {
  const kd::Network<Net, kd::cuda::Space> teacher(kd::Rng(1));
  kd::Network<Net, kd::cuda::Space> student(kd::Rng(2));
  kd::Distiller(teacher, student, kd::CorrelationKd{}).fit(data, kd::Adam{});
}
