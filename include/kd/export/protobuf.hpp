// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#include "kd/core/types.hpp"

namespace kd::protobuf {

/// A message of Protocol Buffers while it is written: fields one behind the other, each with its
/// number. Repeated fields are written again, messages within messages as their bytes.
class Message {
 public:
  Message& add(int field, std::string_view bytes) {
    key(field, 2);
    varint(bytes.size());
    bytes_ += bytes;
    return *this;
  }
  Message& add(int field, const Message& message) { return add(field, message.bytes()); }
  Message& add(int field, Index number) {
    key(field, 0);
    varint(static_cast<std::uint64_t>(number));
    return *this;
  }
  Message& add(int field, float number) {
    key(field, 5);
    const auto bits = std::bit_cast<std::uint32_t>(number);
    for (int shift = 0; shift < 32; shift += 8)
      bytes_ += static_cast<char>(static_cast<unsigned char>(bits >> shift));
    return *this;
  }

  const std::string& bytes() const { return bytes_; }

 private:
  void key(int field, int wire_type) {
    varint(static_cast<std::uint64_t>(field) << 3U | static_cast<std::uint64_t>(wire_type));
  }
  /// Seven bits a byte, the lowest first; all bytes but the last have the eighth.
  void varint(std::uint64_t number) {
    for (; number >= 0x80; number >>= 7U)
      bytes_ += static_cast<char>(static_cast<unsigned char>(number | 0x80));
    bytes_ += static_cast<char>(static_cast<unsigned char>(number));
  }

  std::string bytes_;
};

}  // namespace kd::protobuf
