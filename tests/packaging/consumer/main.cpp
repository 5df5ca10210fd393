// SPDX-License-Identifier: MIT
#include <iostream>

#include "training.hpp"

// Uses in this translation unit what the other one uses too: both must link into one program.
int main() {
  const kd::Dataset data = four_corners();
  kd::Network<Student> student = train_student(data);
  kd::fit(student, data, kd::CrossEntropy{}, kd::Adam{{.lr = 1e-3}});
  std::cout << "errors: " << kd::evaluate(student, data).errors << '\n';
}
