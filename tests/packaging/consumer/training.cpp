// SPDX-License-Identifier: MIT
#include "training.hpp"

kd::Dataset four_corners() {
  kd::Matrix<float> points(2, 4);
  points << 0, 0, 1, 1,  //
      0, 1, 0, 1;
  kd::Labels labels(4);
  labels << 0, 1, 2, 3;
  return kd::Dataset(points, labels);
}

kd::Network<Student> train_student(const kd::Dataset& data) {
  kd::Network<Teacher> teacher(kd::Rng(0));
  kd::fit(teacher, data, kd::CrossEntropy{}, kd::Adam{{.lr = 1e-2}}, {.epochs = 500});

  kd::Network<Student> student(kd::Rng(1));
  kd::Distiller distiller(teacher, student, kd::SoftTargets{{.temperature = 2}});
  distiller.fit(data, kd::Adam{{.lr = 1e-2}}, {.epochs = 500});
  return student;
}
