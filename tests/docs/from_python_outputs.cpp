// SPDX-License-Identifier: MIT
//
// What the last Python blocks of docs/from-python.md do, by kd: how often the student is right.

#include <iostream>
#include <kd/distill.hpp>
#include <kd/io.hpp>

using Student = kd::Sequential<kd::Linear<8, 24>, kd::ReLU, kd::Linear<24, 3>>;

int main() {
  const kd::Dataset data(kd::load_npy<float>("x.npy"), kd::load_npy_labels("y.npy"));
  kd::Network<Student> student(kd::Rng(0));
  kd::load(student, "student.safetensors");
  std::cout << "student: " << kd::evaluate(student, data).accuracy << '\n';
}
