// SPDX-License-Identifier: MIT
//
// Writes a file of every kind that kd writes into a folder: write_files FOLDER. read_files.py knows
// what has to be in them.

#include <exception>
#include <iostream>
#include <string>

#include "kd/distill.hpp"
#include "kd/io.hpp"
#include "kd/io/save_npz.hpp"
#include "kd/io/top_k_npz.hpp"

namespace {

using Net = kd::Sequential<kd::Linear<4, 3>, kd::ReLU, kd::Dropout, kd::Linear<3, 5>, kd::ReLU,
                           kd::Linear<5, 1>>;

/// The numbers 0 to 11, 3 samples of 4.
template <class T>
kd::Matrix<T> numbers() {
  kd::Matrix<T> x(4, 3);
  for (kd::Index i = 0; i < x.size(); ++i) x.data()[i] = static_cast<T>(i);
  return x;
}

template <class S>
void write_network(const std::string& folder, const std::string& type) {
  kd::Network<Net, kd::cpu::Space, S> network(kd::Rng(3));
  kd::map(network.params()).array() += S(1) / S(3);  // biases begin as zeros
  kd::save(network, folder + "network_" + type + ".safetensors");
  kd::save(network, folder + "named_" + type + ".safetensors", {"fc1", "fc2", "fc3"});
  const kd::Matrix<S> x = numbers<S>() / S(7);
  kd::save_npy(x, folder + "x_" + type + ".npy");
  kd::save_npy(network.predict(x), folder + "logits_" + type + ".npy");
}

template <class... T>
void write_arrays(const std::string& folder) {
  (kd::save_npy(numbers<T>(), folder + "numbers_" + std::to_string(sizeof(T)) +
                                  (std::is_floating_point_v<T> ? 'f'
                                   : std::is_signed_v<T>       ? 'i'
                                                               : 'u') +
                                  ".npy"),
   ...);
}

void write(const std::string& folder) {
  write_network<float>(folder, "F32");
  write_network<double>(folder, "F64");

  write_arrays<std::uint8_t, std::int8_t, std::uint16_t, std::int16_t, std::uint32_t, std::int32_t,
               std::uint64_t, std::int64_t, float, double>(folder);
  const kd::Matrix<bool> odd = numbers<int>().unaryExpr([](int i) { return i % 2 == 1; });
  const kd::Labels labels{{2, 0, 1}};
  const kd::Matrix<float> special{{-0.F, std::numeric_limits<float>::infinity(),
                                   std::numeric_limits<float>::denorm_min(),
                                   std::numeric_limits<float>::max()}};
  const kd::Matrix<double> none(4, 0);
  kd::save_npy(odd, folder + "odd.npy");
  kd::save_npy(labels, folder + "labels.npy");
  kd::save_npy(special, folder + "special.npy");
  kd::save_npy(none, folder + "none.npy");

  const std::vector<kd::NamedArray> arrays{{"x", numbers<double>()}, {"odd", odd},
                                           {"labels", labels},       {"special", special},
                                           {"none", none},           {"größe", numbers<int>()}};
  kd::save_npz(arrays, folder + "arrays.npz");
  kd::detail::save_npz(arrays, folder + "wide.npz", kd::detail::ZipHeaders(true));
  kd::save_npz({}, folder + "nothing.npz");

  const kd::Matrix<float> logits{{1, 9}, {4, 2}, {3, 5}};
  const kd::Dataset data(kd::Matrix<float>(kd::Matrix<float>::Zero(1, 2)),
                         kd::Labels(kd::Labels::Zero(2)), 3);
  const kd::CachedTeacher all(logits);
  const kd::TopKTeacher teacher(all, data, 2, {.temperature = 3});
  kd::save_top_k(teacher.kept(), folder + "top_k.npz");
}

}  // namespace

int main(int count, char** arguments) {
  try {
    if (count != 2) throw std::invalid_argument("write_files FOLDER");
    write(std::string(arguments[1]) + '/');
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
