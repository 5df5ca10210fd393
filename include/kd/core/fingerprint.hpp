// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace kd::detail {

/// 64 bits that tell contents apart: XXH64, which reads as fast as memory gives. Not for secrets.
/// Source: Collet, "xxHash fast digest algorithm", version 0.2.0, section "XXH64 algorithm".
class Fingerprint {
 public:
  static std::uint64_t of(const void* data, std::size_t bytes, std::uint64_t seed = 0) {
    const auto* at = static_cast<const unsigned char*>(data);
    const auto* const end = at + bytes;
    std::uint64_t sum = seed + prime5;
    if (bytes >= 32) {
      std::uint64_t a = seed + prime1 + prime2;
      std::uint64_t b = seed + prime2;
      std::uint64_t c = seed;
      std::uint64_t d = seed - prime1;
      for (; end - at >= 32; at += 32) {
        a = round(a, word(at));
        b = round(b, word(at + 8));
        c = round(c, word(at + 16));
        d = round(d, word(at + 24));
      }
      sum = std::rotl(a, 1) + std::rotl(b, 7) + std::rotl(c, 12) + std::rotl(d, 18);
      sum = merge(merge(merge(merge(sum, a), b), c), d);
    }
    sum += bytes;
    for (; end - at >= 8; at += 8) sum = std::rotl(sum ^ round(0, word(at)), 27) * prime1 + prime4;
    if (end - at >= 4) {
      sum = std::rotl(sum ^ (little_endian(at, 4) * prime1), 23) * prime2 + prime3;
      at += 4;
    }
    for (; at != end; ++at) sum = std::rotl(sum ^ (*at * prime5), 11) * prime1;
    sum = (sum ^ (sum >> 33)) * prime2;
    sum = (sum ^ (sum >> 29)) * prime3;
    return sum ^ (sum >> 32);
  }

 private:
  static constexpr std::uint64_t prime1 = 0x9E3779B185EBCA87;
  static constexpr std::uint64_t prime2 = 0xC2B2AE3D27D4EB4F;
  static constexpr std::uint64_t prime3 = 0x165667B19E3779F9;
  static constexpr std::uint64_t prime4 = 0x85EBCA77C2B2AE63;
  static constexpr std::uint64_t prime5 = 0x27D4EB2F165667C5;

  static std::uint64_t round(std::uint64_t lane, std::uint64_t input) {
    return std::rotl(lane + input * prime2, 31) * prime1;
  }

  static std::uint64_t merge(std::uint64_t sum, std::uint64_t lane) {
    return (sum ^ round(0, lane)) * prime1 + prime4;
  }

  static std::uint64_t little_endian(const unsigned char* from, int bytes) {
    std::uint64_t value = 0;
    for (int i = bytes; i-- > 0;) value = value << 8 | from[i];
    return value;
  }

  static std::uint64_t word(const unsigned char* from) {
    if constexpr (std::endian::native == std::endian::little) {
      std::uint64_t value;
      std::memcpy(&value, from, sizeof value);
      return value;
    } else {
      return little_endian(from, 8);
    }
  }
};

}  // namespace kd::detail
