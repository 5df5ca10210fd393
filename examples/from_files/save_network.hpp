// SPDX-License-Identifier: MIT
#pragma once

#include <kd/io/safetensors.hpp>
#include <kd/io/tensor_names.hpp>
#include <kd/version.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "stored_network.hpp"

namespace example {

/// Names that go with a network: of the columns that it takes and the classes that it tells apart;
/// none where there are none.
struct NetworkNames {
  std::vector<std::string> features;
  std::vector<std::string> classes;
};

inline std::string text_of_names(const std::vector<std::string>& names) {
  return nlohmann::json(names).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// The names under `key` of a network's metadata. What is no list of texts is somebody else's.
inline std::vector<std::string> names_in(const StoredNetwork& network, const std::string& key) {
  const auto found = network.metadata().find(key);
  if (found == network.metadata().end()) return {};
  const nlohmann::json names = nlohmann::json::parse(found->second, nullptr, false);
  std::vector<std::string> all;
  if (!names.is_array()) return {};
  for (const auto& name : names) {
    if (!name.is_string()) return {};
    all.push_back(name.get<std::string>());
  }
  return all;
}

/// As `kd::save`, with the names in the metadata, as JSON, under "features" and "classes".
template <class Network>
void save_network(const Network& network, const NetworkNames& names, const std::string& path) {
  kd::Safetensors content;
  content.metadata = {{"format", "pt"}, {"kd.version", KD_VERSION}};
  if (!names.features.empty()) content.metadata["features"] = text_of_names(names.features);
  if (!names.classes.empty()) content.metadata["classes"] = text_of_names(names.classes);
  std::string layers;
  network.architecture().for_each([&](const auto& layer) {
    if constexpr (requires { layer.in_features(); })
      layers += (layers.empty() ? "Linear(" : ", ReLU, Linear(") +
                std::to_string(layer.in_features()) + ", " + std::to_string(layer.out_features()) +
                ')';
  });
  content.metadata["kd.architecture"] = layers;
  const kd::VectorView<const float> params = network.params();
  for (const kd::TensorInfo& tensor : kd::TensorNames{}.of(network)) {
    const std::span numbers(params.data + tensor.offset, static_cast<std::size_t>(tensor.size()));
    const auto rows = static_cast<std::uint64_t>(tensor.rows);
    const auto cols = static_cast<std::uint64_t>(tensor.cols);
    content.tensors[tensor.name] = {kd::NumberType::f32,
                                    tensor.is_vector ? std::vector{rows} : std::vector{rows, cols},
                                    std::as_bytes(numbers)};
  }
  kd::save_safetensors(content, path);
}

}  // namespace example
