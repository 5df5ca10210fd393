// SPDX-License-Identifier: MIT
#pragma once

#include "kd/export/c_conv.hpp"
#include "kd/export/c_int8_weights.hpp"

namespace kd::c_source {

/// Convolutions in C with integers: one with blocks of output channels, and one for groups of few.
/// Their loops are those in float; zero points, products of 16 bits, a bias that is always there
/// and the rescaling are in so many places that two texts are easier to read than one for both.
inline void emit(Program& c, const quant::Convolution& conv, const QuantizedPlace& at) {
  const std::string window = c.window(at, conv.shape);
  const Index block = block_of(conv.shape);
  need_requantise(c);
  if (block > 0) {
    c.kernel(with_block(
        block,
        R"(/* What one element of the window adds to BLOCK channels of 2 outputs: loops of known lengths,
 * which compilers keep in registers. A product fits 16 bits: 127 * 255 at most. */
static void add_products_BLOCK(int32_t *sums, const int8_t *x, const int8_t *weight, int32_t ins,
                         int32_t area, int32_t stride, int32_t outs, int32_t x_zero_point) {
  int32_t s[2][BLOCK];
  for (int32_t c = 0; c < 2; ++c)
    for (int32_t o = 0; o < BLOCK; ++o) s[c][o] = sums[c * BLOCK + o];
  for (int32_t i = 0; i < ins; ++i) {
    for (int32_t c = 0; c < 2; ++c) {
      const int16_t xi = (int16_t)(x[i * area + c * stride] - x_zero_point);
      for (int32_t o = 0; o < BLOCK; ++o) s[c][o] += (int16_t)(weight[i * outs + o] * xi);
    }
  }
  for (int32_t c = 0; c < 2; ++c)
    for (int32_t o = 0; o < BLOCK; ++o) sums[c * BLOCK + o] = s[c][o];
}

/* y[o] = b[o] + the sum over the group's channels of w[o][i] * x[i].
 * weight: (groups, kernel height, kernel width, inputs, outputs) */
static void conv2d_BLOCK(const window *s, const int8_t *x, int8_t *y, const int8_t *weight,
                   const int32_t *bias, const int32_t *multiplier, const int8_t *shift,
                   int32_t x_zero_point, int32_t zero_point, int32_t low, int32_t high) {
  const int32_t ins = s->channels / s->groups;
  const int32_t outs = s->out_channels / s->groups;
  const int32_t area = s->height * s->width;
  const int32_t out_area = s->out_height * s->out_width;
  for (int32_t block = 0; block < s->out_channels; block += least(BLOCK, outs - block % outs)) {
    const int32_t count = least(BLOCK, outs - block % outs);
    const int32_t group = block / outs;
    for (int32_t row = 0; row < s->out_height; ++row) {
      for (int32_t column = 0; column < s->out_width; column += 2) {
        const int32_t columns = least(2, s->out_width - column);
        int8_t *to = y + block * out_area + row * s->out_width + column;
        int32_t sums[2 * BLOCK];
        for (int32_t k = 0; k < 2 * BLOCK; ++k)
          sums[k] = k % BLOCK < count ? bias[block + k % BLOCK] : 0;
        for (int32_t ky = 0; ky < s->kernel_height; ++ky) {
          const int32_t in_row = row * s->stride - s->top + ky;
          if (in_row < 0 || in_row >= s->height) continue;
          for (int32_t kx = 0; kx < s->kernel_width; ++kx) {
            const int32_t first = column * s->stride - s->left + kx;
            const int32_t last = first + (columns - 1) * s->stride;
            const int8_t *from = x + group * ins * area + in_row * s->width;
            const int8_t *w = weight + block % outs +
                             ((group * s->kernel_height + ky) * s->kernel_width + kx) * ins * outs;
            if (count == BLOCK && columns == 2 && first >= 0 && last < s->width) {
              add_products_BLOCK(sums, from + first, w, ins, area, s->stride, outs,
                           x_zero_point);
              continue;
            }
            for (int32_t c = 0; c < columns; ++c) { /* at the borders, and what is left over */
              const int32_t at = first + c * s->stride;
              int32_t *sum = sums + c * BLOCK;
              if (at < 0 || at >= s->width) continue;
              for (int32_t i = 0; i < ins; ++i) {
                const int16_t xi = (int16_t)(from[i * area + at] - x_zero_point);
                if (count == BLOCK)
                  for (int32_t o = 0; o < BLOCK; ++o) sum[o] += (int16_t)(w[i * outs + o] * xi);
                else
                  for (int32_t o = 0; o < count; ++o) sum[o] += (int16_t)(w[i * outs + o] * xi);
              }
            }
          }
        }
        for (int32_t o = 0; o < count; ++o)
          for (int32_t c = 0; c < columns; ++c)
            to[o * out_area + c] =
                clamped(requantise(sums[c * BLOCK + o], multiplier[block + o], shift[block + o]) +
                            zero_point,
                        low, high);
      }
    }
  }
}
)"));
  } else {
    c.kernel(
        R"(/* The same for groups of few channels, such as one: a row of outputs at a time, in pieces.
 * weight: (outputs, inputs, kernel height, kernel width) */
#define PIECE 64
static void grouped_conv2d(const window *s, const int8_t *x, int8_t *y, const int8_t *weight,
                           const int32_t *bias, const int32_t *multiplier, const int8_t *shift,
                           int32_t x_zero_point, int32_t zero_point, int32_t low, int32_t high) {
  const int32_t ins = s->channels / s->groups;
  const int32_t outs = s->out_channels / s->groups;
  int32_t sums[PIECE];
  for (int32_t o = 0; o < s->out_channels; ++o) {
    for (int32_t row = 0; row < s->out_height; ++row) {
      for (int32_t begin = 0; begin < s->out_width; begin += PIECE) {
        const int32_t columns = least(PIECE, s->out_width - begin);
        for (int32_t k = 0; k < columns; ++k) sums[k] = bias[o];
        for (int32_t i = 0; i < ins; ++i) {
          for (int32_t ky = 0; ky < s->kernel_height; ++ky) {
            const int32_t in_row = row * s->stride - s->top + ky;
            const int8_t *w = weight + ((o * ins + i) * s->kernel_height + ky) * s->kernel_width;
            const int8_t *from;
            if (in_row < 0 || in_row >= s->height) continue;
            from = x + ((o / outs * ins + i) * s->height + in_row) * s->width;
            for (int32_t kx = 0; kx < s->kernel_width; ++kx) {
              const int32_t move = begin * s->stride + kx - s->left;
              const int32_t first = most(0, (s->stride - 1 - move) / s->stride);
              const int32_t end = least(columns, (s->width - 1 - move + s->stride) / s->stride);
              if (s->stride == 1)
                for (int32_t k = first; k < end; ++k) 
                  sums[k] += w[kx] * (from[k + move] - x_zero_point);
              else
                for (int32_t k = first; k < end; ++k)
                  sums[k] += w[kx] * (from[k * s->stride + move] - x_zero_point);
            }
          }
        }
        for (int32_t k = 0; k < columns; ++k) 
          *y++ = clamped(requantise(sums[k], multiplier[o], shift[o]) + zero_point, low, high);
      }
    }
  }
}
)");
  }
  quant::Weights weights = conv.weights;
  if (block > 0) weights.weight = channels_last(conv.shape, weights.weight);
  const std::string names = write_weights(c, weights, weights.bias, at);
  c.multiplies(static_cast<Index>(weights.weight.size()) * conv.shape.out.area());
  c.call(block > 0 ? detail::text("conv2d_", block, '(') : std::string("grouped_conv2d("), window,
         ", ", at.x, ", ", at.y, ", ", names, ",\n         /* zero points */ ", at.x_is.zero_point,
         ", ", at.y_is.zero_point, ", /* within */ ", conv.clamp.low, ", ", conv.clamp.high, ')');
}

}  // namespace kd::c_source
