// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace kd::detail {

/// The names of the losses of student `I`, counted from 1 and at most 99: "hard 1", "peers 1".
template <std::size_t I>
struct StudentTerms {
  static_assert(I < 100);
  static constexpr char tens = I < 10 ? ' ' : static_cast<char>('0' + I / 10);
  static constexpr char ones = static_cast<char>('0' + I % 10);
  static constexpr char hard[] = {'h', 'a', 'r', 'd', tens, ones, '\0'};
  static constexpr char peers[] = {'p', 'e', 'e', 'r', 's', tens, ones, '\0'};
};

}  // namespace kd::detail
