// SPDX-License-Identifier: MIT
// expect-first: both layers must give maps, not vectors, of the same height and width
#include <kd/distill.hpp>

using Net = kd::Sequential<kd::Linear<784, 20>, kd::ReLU, kd::Linear<20, 10>>;

void distil(const kd::Network<Net>& teacher, kd::Network<Net>& student) {
  kd::Distiller distiller(teacher, student, kd::AttentionTransfer<1, 1>{});
}
