// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <span>

#include "kd/cpu/windows.hpp"
#include "kd/quant/operations.hpp"

/// How each operation of 8-bit integers is computed: the same integers as the C that is exported.
namespace kd::quant {

/// A tensor of one sample on its way through an operation.
struct Tensors {
  const std::int8_t* x;
  Quantization x_is;
  const std::int8_t* other;  ///< of a sum
  Quantization other_is;
  std::int8_t* y;
  Quantization y_is;
  Index size;  ///< of y
};

inline void run(const Linear& linear, const Tensors& t) {
  const Weights& w = linear.weights;
  for (Index o = 0; o < linear.out; ++o) {
    const auto at = static_cast<std::size_t>(o);
    const std::int8_t* const row = w.weight.data() + o * linear.in;
    std::int32_t sum = w.bias[at];
    for (Index i = 0; i < linear.in; ++i) sum += row[i] * (t.x[i] - t.x_is.zero_point);
    t.y[o] = linear.clamp(requantise(sum, w.multipliers[at]) + t.y_is.zero_point);
  }
}

/// A row of outputs at a time, in pieces, so that the inner loop runs along the row.
inline void run(const Convolution& conv, const Tensors& t) {
  const ConvShape& s = conv.shape;
  const Weights& w = conv.weights;
  constexpr Index piece = 64;
  std::array<std::int32_t, piece> sums{};
  std::int8_t* y = t.y;
  for (Index o = 0; o < s.out.channels; ++o) {
    const auto at = static_cast<std::size_t>(o);
    const Index first_channel = o / s.outs() * s.ins();
    for (Index row = 0; row < s.out.height; ++row) {
      for (Index begin = 0; begin < s.out.width; begin += piece) {
        const Index count = std::min(piece, s.out.width - begin);
        std::fill_n(sums.begin(), count, w.bias[at]);
        const std::int8_t* weight = w.weight.data() + o * s.depth();
        for (Index i = 0; i < s.ins(); ++i) {
          for (Index ky = 0; ky < s.height; ++ky) {
            const Index in_row = row * s.stride - s.top + ky;
            const std::int8_t* const from =
                t.x + ((first_channel + i) * s.in.height + in_row) * s.in.width;
            for (Index kx = 0; kx < s.width; ++kx, ++weight) {
              if (in_row < 0 || in_row >= s.in.height) continue;
              for (Index k = 0; k < count; ++k) {
                const Index column = (begin + k) * s.stride - s.left + kx;
                if (column >= 0 && column < s.in.width)
                  sums[static_cast<std::size_t>(k)] += *weight * (from[column] - t.x_is.zero_point);
              }
            }
          }
        }
        for (Index k = 0; k < count; ++k)
          *y++ = conv.clamp(requantise(sums[static_cast<std::size_t>(k)], w.multipliers[at]) +
                            t.y_is.zero_point);
      }
    }
  }
}

inline void run(const MaxPool& pool, const Tensors& t) {
  const ConvShape& s = pool.shape;
  const std::int8_t* from = t.x;
  std::int8_t* y = t.y;
  for (Index c = 0; c < s.in.channels; ++c, from += s.in.area())
    cpu::detail::for_windows(s, [&](const cpu::detail::WindowPart& part) {
      std::int8_t largest = lowest;
      for (Index row = part.top; row < part.bottom; ++row)
        for (Index i = part.left; i < part.right; ++i)
          largest = std::max(largest, from[row * s.in.width + i]);
      *y++ = largest;
    });
}

inline void run(const AveragePool& pool, const Tensors& t) {
  const ConvShape& s = pool.shape;
  const std::int8_t* from = t.x;
  std::int8_t* y = t.y;
  for (Index c = 0; c < s.in.channels; ++c, from += s.in.area())
    cpu::detail::for_windows(s, [&](const cpu::detail::WindowPart& part) {
      std::int32_t sum = 0;
      for (Index row = part.top; row < part.bottom; ++row)
        for (Index i = part.left; i < part.right; ++i) sum += from[row * s.in.width + i];
      auto count = static_cast<std::int32_t>(part.area());
      if (pool.counts_border) {
        const auto all = static_cast<std::int32_t>(s.taps());
        sum += (all - count) * t.x_is.zero_point;
        count = all;
      }
      *y++ = static_cast<std::int8_t>((sum > 0 ? sum + count / 2 : sum - count / 2) / count);
    });
}

inline void run(const Table& table, const Tensors& t) {
  for (Index i = 0; i < t.size; ++i)
    t.y[i] = table.values[static_cast<std::size_t>(t.x[i] - lowest)];
}

inline void run(const Add& add, const Tensors& t) {
  for (Index i = 0; i < t.size; ++i) {
    const std::int32_t a = (t.x[i] - t.x_is.zero_point) * (1 << Add::headroom);
    const std::int32_t b = (t.other[i] - t.other_is.zero_point) * (1 << Add::headroom);
    const std::int32_t sum = requantise(a, add.first) + requantise(b, add.second);
    t.y[i] = add.clamp(requantise(sum, add.sum) + t.y_is.zero_point);
  }
}

/// The square root, rounded down.
inline std::int64_t root(std::int64_t x) {
  std::int64_t result = 0;
  for (std::int64_t bit = std::int64_t{1} << 31; bit > 0; bit /= 2)
    if ((result + bit) * (result + bit) <= x) result += bit;
  return result;
}

/// With n features, S their sum and Q that of their squares, `n^2 variance = n Q - S^2` and
/// `n (x - mean) = n x - S`: all of it is exact but for the root and one division.
inline void run(const LayerNorm& norm, const Tensors& t) {
  std::int64_t sum = 0;
  std::int64_t squares = 0;
  for (Index i = 0; i < t.size; ++i) {
    sum += t.x[i];
    squares += t.x[i] * t.x[i];
  }
  std::int64_t variance = std::max<std::int64_t>(1, t.size * squares - sum * sum + norm.eps);
  int shift = LayerNorm::fraction_bits;
  for (; variance < std::int64_t{1} << 60; variance *= 4) ++shift;
  const std::int64_t deviation = root(variance);
  for (Index i = 0; i < t.size; ++i) {
    const std::int64_t above = (t.size * t.x[i] - sum) * (std::int64_t{1} << shift);
    const auto n = static_cast<std::int32_t>(
        (above > 0 ? above + deviation / 2 : above - deviation / 2) / deviation);
    const auto at = static_cast<std::size_t>(i);
    t.y[i] = norm.clamp(requantise(norm.weight[at] * n + norm.bias[at], norm.multiplier) +
                        t.y_is.zero_point);
  }
}

}  // namespace kd::quant
