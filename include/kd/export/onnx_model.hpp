// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "kd/core/types.hpp"
#include "kd/export/protobuf.hpp"
#include "kd/version.hpp"

/// What an ONNX file is made of; the numbers are those of onnx.proto.
namespace kd::onnx {

using protobuf::Message;

/// What every runtime since 2020 reads, and the first with scales for each channel.
inline constexpr Index opset = 13;
inline constexpr Index ir_version = 7;

struct Attribute {
  std::string name;
  std::variant<Index, float, std::vector<Index>> value;
};

template <class T>
constexpr Index type_number() {
  if constexpr (std::is_same_v<T, float>) return 1;
  if constexpr (std::is_same_v<T, std::int8_t>) return 3;
  if constexpr (std::is_same_v<T, std::int32_t>) return 6;
  if constexpr (std::is_same_v<T, std::int64_t>) return 7;
}

/// The graph of a model while it is written, node after node.
class Model {
 public:
  /// An operator; gives the name of its output, so that calls can be nested.
  std::string node(const char* op, const std::vector<std::string>& inputs,
                   const std::string& output, const std::vector<Attribute>& attributes = {}) {
    Message node;
    for (const std::string& input : inputs) node.add(1, input);
    node.add(2, output).add(3, output + '/' + op).add(4, std::string_view(op));
    for (const Attribute& attribute : attributes) node.add(5, message_of(attribute));
    graph_.add(1, node);
    return output;
  }

  /// A constant, row-major; gives its name.
  template <class T>
  std::string constant(const std::string& name, const std::vector<Index>& extents,
                       const std::vector<T>& numbers) {
    Message tensor;
    for (const Index extent : extents) tensor.add(1, extent);
    std::string raw;
    for (const T number : numbers) append_bytes(raw, number);
    tensor.add(2, type_number<T>()).add(8, name).add(9, raw);
    constants_.add(5, tensor);
    return name;
  }
  template <class T>
  std::string scalar(const std::string& name, T number) {
    return constant(name, {}, std::vector<T>{number});
  }

  /// The file, of a model that takes `input` and gives `output`, both with a batch dimension in
  /// front whose size is left open.
  std::string bytes(const std::vector<Index>& input, const std::vector<Index>& output,
                    const std::string& description) const {
    Message graph = graph_;
    graph.add(2, std::string_view("kd"));
    Message model;
    const Message opsets = Message().add(1, std::string_view("")).add(2, opset);
    model.add(1, ir_version).add(2, std::string_view("kd")).add(3, std::string_view(KD_VERSION));
    const std::string all = graph.bytes() + constants_.bytes() +
                            Message().add(11, value_info("input", input)).bytes() +
                            Message().add(12, value_info("logits", output)).bytes();
    model.add(7, all).add(8, opsets);
    model.add(14, Message().add(1, std::string_view("kd.architecture")).add(2, description));
    return model.bytes();
  }

 private:
  template <class T>
  static void append_bytes(std::string& raw, T number) {
    using Bits =
        std::conditional_t<sizeof(T) == 1, std::uint8_t,
                           std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>;
    const auto bits = std::bit_cast<Bits>(number);
    for (std::size_t i = 0; i < sizeof(T); ++i)
      raw += static_cast<char>(static_cast<unsigned char>(std::uint64_t{bits} >> (8 * i)));
  }

  static Message message_of(const Attribute& attribute) {
    Message message;
    message.add(1, attribute.name);
    if (const auto* number = std::get_if<Index>(&attribute.value))
      message.add(3, *number).add(20, Index{2});
    else if (const auto* real = std::get_if<float>(&attribute.value))
      message.add(2, *real).add(20, Index{1});
    else
      for (const Index each : std::get<std::vector<Index>>(attribute.value)) message.add(8, each);
    if (std::holds_alternative<std::vector<Index>>(attribute.value)) message.add(20, Index{7});
    return message;
  }

  static Message value_info(const char* name, const std::vector<Index>& extents) {
    Message shape;
    shape.add(1, Message().add(2, std::string_view("batch")));
    for (const Index extent : extents) shape.add(1, Message().add(1, extent));
    const Message tensor = Message().add(1, type_number<float>()).add(2, shape);
    return Message().add(1, std::string_view(name)).add(2, Message().add(1, tensor));
  }

  Message graph_;
  Message constants_;
};

}  // namespace kd::onnx
