// SPDX-License-Identifier: MIT
#include "setting.hpp"

#include <optional>

#include "kd/data/gzip.hpp"
#include "kd/data/mnist.hpp"

namespace setting {

namespace {

std::optional<kd::Dataset>& chosen() {
  static std::optional<kd::Dataset> data;
  return data;
}

/// Four pixels of five are black, as MNIST's.
kd::Dataset synthetic_images() {
  constexpr kd::Index samples = 60'000;
  kd::Rng rng(1);
  kd::Bytes pixels(784, samples);
  for (kd::Index i = 0; i < pixels.size(); ++i) {
    const std::uint32_t bits = rng.next();
    pixels.data()[i] = bits % 5 == 0 ? static_cast<std::uint8_t>(bits >> 24) : std::uint8_t{0};
  }
  kd::Labels labels(samples);
  for (kd::Index i = 0; i < samples; ++i) labels(i) = static_cast<kd::Label>(rng.below(10));
  return kd::Dataset(std::move(pixels), std::move(labels), 10);
}

}  // namespace

std::string choose_images(const std::string& folder) {
  if (folder.empty()) {
    chosen() = synthetic_images();
    return "made up, 60,000 images of 28 x 28 (--data=DIR or KD_DATA names a folder with MNIST)";
  }
  chosen() = kd::load_mnist(folder, kd::Split::train, kd::GzipFiles{});
  return folder + ", " + std::to_string(images().size()) + " images";
}

const kd::Dataset& images() { return chosen().value(); }

const kd::Matrix<float>& float_images() {
  static const kd::Matrix<float> inputs = images().inputs();
  return inputs;
}

const kd::Network<Teacher>& teacher() {
  static const kd::Network<Teacher> network(kd::Rng(0));
  return network;
}

}  // namespace setting
