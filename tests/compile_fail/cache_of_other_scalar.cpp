// SPDX-License-Identifier: MIT
// expect: a table must be of the scalar and the memory space of its teacher
#include <kd/distill.hpp>

using Teacher = kd::Network<kd::Sequential<kd::Linear<784, 10>>, kd::cpu::Space, double>;

kd::CachedTeacher<float> keep(const Teacher& teacher, const kd::Dataset& data) {
  return kd::CachedTeacher<float>(teacher, data);
}
