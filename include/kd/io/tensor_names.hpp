// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "kd/core/error.hpp"
#include "kd/nn/network.hpp"

namespace kd {

/// What the tensors of a network are called in a file.
///
/// By default as in PyTorch's `nn.Sequential`, whose layers are counted from 0, those without
/// weights too: `0.weight`, `0.bias`, `3.weight`. A model of named layers is a list of names, one
/// for each layer that has weights: `TensorNames({"fc1", "fc2"})` for `fc1.weight` and so on; or a
/// function of the default name: `TensorNames([](const std::string& name) { return "net." + name;
/// })`.
class TensorNames {
 public:
  TensorNames() = default;
  TensorNames(std::vector<std::string> layers) : layers_(std::move(layers)) {}
  TensorNames(std::initializer_list<const char*> layers) : layers_(layers.begin(), layers.end()) {}
  template <class F>
  requires std::is_invocable_r_v<std::string, const F&, const std::string&> TensorNames(F rename)
      : rename_(std::move(rename)) {}

  /// The tensors of a model, or of what a method learned, by these names. Throws `ConfigError` when
  /// there are more or fewer names than layers with weights, or a name is given twice.
  template <class Model>
  std::vector<TensorInfo> of(const Model& model) const {
    std::vector<TensorInfo> all;
    Index named = 0;
    const auto add = [&](const std::string& prefix, std::vector<TensorInfo> tensors, Index offset) {
      for (TensorInfo& tensor : tensors) {
        std::replace(tensor.name.begin(), tensor.name.end(), ' ', '.');
        tensor.name = prefix + tensor.name;
        if (rename_) tensor.name = rename_(tensor.name);
        tensor.offset += offset;
        all.push_back(std::move(tensor));
      }
    };
    if constexpr (requires { model.architecture(); }) {
      const std::vector<std::string> paths = model.architecture().paths();
      Index i = 0;
      model.architecture().for_each([&](const auto& layer) {
        std::string prefix = paths[static_cast<std::size_t>(i++)] + '.';
        auto tensors = layer.tensors();
        if (!layers_.empty() && !tensors.empty() && named++ < count())
          prefix = layers_[static_cast<std::size_t>(named - 1)] + '.';
        add(prefix, std::move(tensors), model.architecture().offset(i));
        if constexpr (detail::HasStatistics<std::remove_cvref_t<decltype(layer)>>)
          add(prefix, layer.statistics(),
              model.num_params() + model.architecture().statistics_offset(i));
      });
      if (!layers_.empty() && named != count())
        throw ConfigError(detail::text("TensorNames: expected ", named,
                                       " names, one for each layer that has weights, got ",
                                       count()));
    } else {
      if (!layers_.empty())
        throw ConfigError("TensorNames: names of layers are for networks; give a function");
      add("", model.tensors(), 0);
    }
    check_distinct(all);
    return all;
  }

 private:
  Index count() const { return static_cast<Index>(layers_.size()); }

  static void check_distinct(const std::vector<TensorInfo>& tensors) {
    std::vector<std::string> names;
    for (const TensorInfo& tensor : tensors) names.push_back(tensor.name);
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice != names.end())
      throw ConfigError(detail::text("TensorNames: two tensors are called ", *twice));
  }

  std::vector<std::string> layers_;
  std::function<std::string(const std::string&)> rename_;
};

}  // namespace kd
