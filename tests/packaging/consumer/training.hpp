// SPDX-License-Identifier: MIT
#pragma once

#include <kd/distill.hpp>

using Teacher = kd::Sequential<kd::Linear<2, 16>, kd::ReLU, kd::Linear<16, 4>>;
using Student = kd::Sequential<kd::Linear<2, 8>, kd::ReLU, kd::Linear<8, 4>>;

kd::Dataset four_corners();
kd::Network<Student> train_student(const kd::Dataset& data);
