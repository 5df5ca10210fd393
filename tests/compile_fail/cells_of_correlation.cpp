// SPDX-License-Identifier: MIT
// expect-first: it needs a method whose loss is one of each sample by itself
#include <kd/distill.hpp>

using Net =
    kd::Sequential<kd::Image<1, 8, 8>, kd::Conv2d<4, 3>, kd::GlobalAvgPool, kd::Linear<4, 10>>;

void distil(const kd::Network<Net>& teacher, kd::Network<Net>& student) {
  kd::Distiller distiller(teacher, student, kd::ScaleDecoupled(kd::CorrelationKd{}));
}
