// SPDX-License-Identifier: MIT
//
// What the Python blocks of docs/from-python.md leave to the C++ ones, so that those are run where
// there is no Python, too.

#include <kd/distill.hpp>
#include <kd/io.hpp>

using Teacher = kd::Sequential<kd::Linear<8, 128>, kd::ReLU, kd::Linear<128, 3>>;

int main() {
  kd::Matrix<float> x(8, 3000);
  kd::Rng rng(0);
  for (float& value : x.reshaped()) value = 4 * rng.uniform() - 2;
  kd::Matrix<float> logits(3, x.cols());
  for (int k = 0; k < 3; ++k) logits.row(k) = 5 * x.row(2 * k).cwiseProduct(x.row(2 * k + 1));
  const kd::Labels y = kd::classify(logits);
  kd::save_npy(x, "x.npy");
  kd::save_npy(kd::view(y), "y.npy");
  kd::save_npy(logits, "logits.npy");

  kd::Network<Teacher> teacher(kd::Rng(0));
  kd::fit(teacher, kd::Dataset(x, y), kd::CrossEntropy{}, kd::Adam{{.lr = 0.01}}, {.epochs = 5});
  kd::save(teacher, "teacher.safetensors");
}
