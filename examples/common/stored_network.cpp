// SPDX-License-Identifier: MIT
#include "stored_network.hpp"

#include <algorithm>
#include <cctype>
#include <sstream>

namespace example {

namespace {

constexpr std::string_view weight = ".weight";
constexpr std::string_view bias = ".bias";

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

/// Whether `a` comes before `b` as people count: "fc2" before "fc10".
bool comes_before(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    if (!is_digit(a.front()) || !is_digit(b.front())) {
      if (a.front() != b.front()) return a.front() < b.front();
      a.remove_prefix(1);
      b.remove_prefix(1);
      continue;
    }
    const auto take_number = [](std::string_view& text) {
      std::size_t length = 0;
      while (length < text.size() && is_digit(text[length])) ++length;
      std::string_view digits = text.substr(0, length);
      text.remove_prefix(length);
      digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
      return digits;
    };
    const std::string_view left = take_number(a);
    const std::string_view right = take_number(b);
    if (left.size() != right.size()) return left.size() < right.size();
    if (left != right) return left < right;
  }
  return a.size() < b.size();
}

/// What all names have in front of them where a model was wrapped (DataParallel, compile): kd::load
/// leaves it out by itself.
std::string_view wrapper_of(const kd::Safetensors& content) {
  for (const std::string_view wrapper : {"module.", "_orig_mod."})
    if (std::all_of(content.tensors.begin(), content.tensors.end(),
                    [&](const auto& tensor) { return tensor.first.starts_with(wrapper); }))
      return wrapper;
  return "";
}

/// The activations that kd's own files name and this cannot be: nothing where all is well.
std::string foreign_layer(const std::string& architecture) {
  std::istringstream layers(architecture);
  for (std::string layer; std::getline(layers >> std::ws, layer, ',');) {
    const std::string name = layer.substr(0, layer.find('('));
    const bool is_size = std::all_of(name.begin(), name.end(),
                                     [](char c) { return is_digit(c) || c == ')' || c == ' '; });
    if (!is_size && name != "Linear" && name != "ReLU" && name != "Dropout") return name;
  }
  return "";
}

}  // namespace

std::string text_of(const Sizes& sizes) {
  std::string all;
  for (const kd::Index size : sizes) all += (all.empty() ? "" : "-") + std::to_string(size);
  return all;
}

StoredNetwork::StoredNetwork(const std::string& path)
    : path_(path), file_(path), content_(kd::parse_safetensors(file_.bytes(), path)) {
  find_layers();
}

void StoredNetwork::find_layers() {
  const auto fail = [&](const std::string& what) {
    throw kd::ShapeError(path_ + ": expected a network of Linear layers with ReLU between them, " +
                         what);
  };
  if (content_.tensors.empty()) fail("got no tensors");
  if (const auto found = content_.metadata.find("kd.architecture");
      found != content_.metadata.end()) {
    const std::string other = foreign_layer(found->second);
    if (!other.empty()) fail("got one with " + other);
  }
  const std::string_view wrapper = wrapper_of(content_);
  for (const auto& [name, tensor] : content_.tensors) {
    const bool is_weight = name.ends_with(weight) && tensor.shape.size() == 2;
    const bool is_bias = name.ends_with(bias) && tensor.shape.size() == 1;
    if (!is_weight && !is_bias)
      fail("got the tensor " + name + " of " + std::to_string(tensor.shape.size()) + " extents");
    const std::string layer = name.substr(0, name.rfind('.'));
    for (const std::string_view part : {weight, bias})
      if (!content_.tensors.contains(layer + std::string(part)))
        fail("got " + layer + " without " + std::string(part.substr(1)));
    if (is_weight) layers_.push_back(layer.substr(wrapper.size()));
  }
  std::sort(layers_.begin(), layers_.end(),
            [](const auto& a, const auto& b) { return comes_before(a, b); });
  for (const std::string& layer : layers_) {
    const auto& shape =
        content_.tensors.at(std::string(wrapper) + layer + std::string(weight)).shape;
    const auto in = static_cast<kd::Index>(shape[1]);
    const auto out = static_cast<kd::Index>(shape[0]);
    if (sizes_.empty()) sizes_.push_back(in);
    if (sizes_.back() != in)
      fail("but " + layer + " takes " + std::to_string(in) + " features behind " +
           std::to_string(sizes_.back()));
    sizes_.push_back(out);
  }
}

}  // namespace example
