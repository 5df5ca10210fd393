// SPDX-License-Identifier: MIT
#pragma once

#include <kd/files/read_file.hpp>
#include <kd/io/load.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace example {

/// The features of a network, its hidden layers and its classes: 784-20-20-10.
using Sizes = std::vector<kd::Index>;

/// Such as "784-20-20-10".
std::string text_of(const Sizes& sizes);

/// A network of fully connected layers in a safetensors file, from kd or from PyTorch: whatever its
/// layers are called, they follow each other as their names do, counted as people count. What
/// stands between them is taken to be ReLU, and dropout, which does nothing when a network is used.
class StoredNetwork {
 public:
  /// Throws `kd::IoError` and `kd::FormatError` as `kd::load`, `kd::ShapeError` when there are
  /// other tensors than those of such layers, or the layers do not fit each other.
  explicit StoredNetwork(const std::string& path);

  const std::string& path() const { return path_; }
  const Sizes& sizes() const { return sizes_; }
  /// What is said beside the tensors, by name.
  const std::map<std::string, std::string>& metadata() const { return content_.metadata; }

  /// Puts the weights into a network of these sizes. Throws as `kd::load`.
  template <class Network>
  void load_into(Network& network) const {
    kd::load(network, content_, path_, {.names = kd::TensorNames(layers_)});
  }

 private:
  void find_layers();

  std::string path_;
  kd::FileContent file_;
  kd::Safetensors content_;
  std::vector<std::string> layers_;  ///< the names of those that have weights
  Sizes sizes_;
};

}  // namespace example
