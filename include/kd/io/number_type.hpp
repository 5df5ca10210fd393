// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "kd/core/types.hpp"

namespace kd {

/// How files hold numbers.
enum class NumberType { b1, u8, i8, u16, i16, u32, i32, u64, i64, f16, bf16, f32, f64 };

namespace detail {

constexpr std::size_t bytes_of(NumberType type) {
  switch (type) {
    case NumberType::b1:
    case NumberType::u8:
    case NumberType::i8:
      return 1;
    case NumberType::u16:
    case NumberType::i16:
    case NumberType::f16:
    case NumberType::bf16:
      return 2;
    case NumberType::u32:
    case NumberType::i32:
    case NumberType::f32:
      return 4;
    case NumberType::u64:
    case NumberType::i64:
    case NumberType::f64:
      return 8;
  }
  return 0;
}

/// IEEE 754 half precision: 5 bits of exponent, 10 of fraction.
inline float from_half(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000u) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1fu;
  const std::uint32_t fraction = half & 0x3ffu;
  if (exponent == 0) {  // zero, or a denormal: fraction 2^-24
    const float size = static_cast<float>(fraction) * 0x1p-24F;
    return sign != 0 ? -size : size;
  }
  const std::uint32_t wide = exponent == 0x1f ? 0xffu : exponent + (127 - 15);
  return std::bit_cast<float>(sign | (wide << 23) | (fraction << 13));
}

/// bfloat16 is the upper half of a float.
inline float from_bfloat(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

/// A number of a file, which may lie anywhere and have its bytes in either order.
template <class Unsigned>
Unsigned load_bits(const std::byte* from, std::endian order) {
  Unsigned bits = 0;
  if (order == std::endian::native) {
    std::memcpy(&bits, from, sizeof bits);
    return bits;
  }
  std::byte turned[sizeof(Unsigned)];
  for (std::size_t i = 0; i < sizeof bits; ++i) turned[i] = from[sizeof bits - 1 - i];
  std::memcpy(&bits, turned, sizeof bits);
  return bits;
}

/// Calls `f(bits, convert)` with an unsigned number of the type that holds a number's bits, and the
/// function that makes the number of them.
template <class F>
void with_number_type(NumberType type, F&& f) {
  const auto as = [&]<class Bits, class Number>(Bits, Number) {
    f(Bits{}, [](Bits bits) { return std::bit_cast<Number>(bits); });
  };
  switch (type) {
    case NumberType::b1:
      return f(std::uint8_t{}, [](std::uint8_t bits) { return bits != 0; });
    case NumberType::u8:
      return as(std::uint8_t{}, std::uint8_t{});
    case NumberType::i8:
      return as(std::uint8_t{}, std::int8_t{});
    case NumberType::u16:
      return as(std::uint16_t{}, std::uint16_t{});
    case NumberType::i16:
      return as(std::uint16_t{}, std::int16_t{});
    case NumberType::u32:
      return as(std::uint32_t{}, std::uint32_t{});
    case NumberType::i32:
      return as(std::uint32_t{}, std::int32_t{});
    case NumberType::u64:
      return as(std::uint64_t{}, std::uint64_t{});
    case NumberType::i64:
      return as(std::uint64_t{}, std::int64_t{});
    case NumberType::f16:
      return f(std::uint16_t{}, from_half);
    case NumberType::bf16:
      return f(std::uint16_t{}, from_bfloat);
    case NumberType::f32:
      return as(std::uint32_t{}, float{});
    case NumberType::f64:
      return as(std::uint64_t{}, double{});
  }
}

/// What `count` numbers of a file are as `T`s. `from` holds as many bytes as they have.
template <class T>
void convert_numbers(NumberType type, std::endian order, const std::byte* from, std::uint64_t count,
                     T* to) {
  with_number_type(type, [&]<class Bits, class Convert>(Bits, Convert convert) {
    using Number = decltype(convert(Bits{}));
    if constexpr (std::is_same_v<Number, T> && sizeof(Bits) == sizeof(T)) {
      if (order == std::endian::native && type != NumberType::b1) {
        if (count > 0) std::memcpy(to, from, static_cast<std::size_t>(count) * sizeof(T));
        return;
      }
    }
    for (std::uint64_t i = 0; i < count; ++i)
      to[i] = static_cast<T>(convert(load_bits<Bits>(from + i * sizeof(Bits), order)));
  });
}

}  // namespace detail
}  // namespace kd
