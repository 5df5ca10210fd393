// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "kd/core/types.hpp"

/// Whether numbers are finite, read from their bits: under `-ffast-math` compilers take for granted
/// that no number is NaN or infinite, and answer `std::isfinite` and comparisons accordingly.
namespace kd::detail {

/// An unsigned number with the bits of an `S`.
template <Real S>
using BitsOf = std::conditional_t<sizeof(S) == sizeof(float), std::uint32_t, std::uint64_t>;

template <Real S>
inline constexpr BitsOf<S> all_but_sign = ~BitsOf<S>{0} >> 1;
template <Real S>
inline constexpr BitsOf<S> one_in_exponent = BitsOf<S>{1} << (std::numeric_limits<S>::digits - 1);

/// Infinity; `std::numeric_limits` draws a warning where compilers take it that there is none.
template <Real S>
inline constexpr S positive_infinity = std::bit_cast<S>(all_but_sign<S> - one_in_exponent<S> + 1);

/// The sign of the result is set where a number with these bits is NaN or infinite: one more in an
/// exponent that is all ones carries into the sign. `Bits` may be a vector.
template <Real S, class Bits>
constexpr Bits with_carried_exponent(Bits bits) {
  return (bits & all_but_sign<S>)+one_in_exponent<S>;
}

template <Real S>
constexpr bool has_sign(BitsOf<S> bits) {
  return bits > all_but_sign<S>;
}

template <Real S>
constexpr BitsOf<S> bits_of(const S& x) {
  static_assert(sizeof(S) == sizeof(BitsOf<S>), "kd computes in float or double");
  auto bits = std::bit_cast<BitsOf<S>>(x);
#if defined(__GNUC__)
  // Else clang remembers which number these are the bits of.
  if (!std::is_constant_evaluated()) asm("" : "+r"(bits));
#endif
  return bits;
}

/// Neither NaN nor infinite.
template <Real S>
constexpr bool is_finite(const S& x) {
  return !has_sign<S>(with_carried_exponent<S>(bits_of(x)));
}

template <Real S>
constexpr bool is_nan(const S& x) {
  // Infinity, which has the greatest exponent too, is the least of these.
  return with_carried_exponent<S>(bits_of(x)) > all_but_sign<S> + 1;
}

/// Whether `count` numbers are finite, all of them.
template <Real S>
bool all_finite(const S* first, Index count) {
  BitsOf<S> seen = 0;
  for (Index i = 0; i < count; ++i)
    seen |= with_carried_exponent<S>(std::bit_cast<BitsOf<S>>(first[i]));
  return !has_sign<S>(seen);
}

}  // namespace kd::detail
