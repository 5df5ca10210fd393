// SPDX-License-Identifier: MIT
#include "kd/quant/quantized_network.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/integer_network.hpp"

using namespace kd;

TEST_CASE("a network's integers are those of TensorFlow Lite Micro's reference kernels",
          "[quant][golden]") {
  const QuantizedNetwork network = kd::test::integer_network();
  const Matrix<std::int8_t> x = kd::test::integer_samples(network.in_features(), 64);
  CHECK(network.run(x) == kd::test::golden<std::int8_t>("tflite_micro/integers"));
}
