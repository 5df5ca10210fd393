// SPDX-License-Identifier: MIT
#pragma once

#include "kd/export/c_conv.hpp"
#include "kd/export/c_program.hpp"
#include "kd/graph/operations.hpp"

namespace kd::c_source {

/// Convolutions in C with floats: one with blocks of output channels, and one for groups of few.
inline void emit(Program& c, const graph::Convolution& conv, const Place& at) {
  const std::string window = c.window(at, conv.shape);
  const Index block = block_of(conv.shape);
  if (block > 0) {
    c.kernel(with_block(
        block,
        R"(/* What one element of the window adds to BLOCK channels of 2 outputs: loops of known lengths,
 * which compilers keep in registers. */
static void add_products_BLOCK(float *sums, const float *x, const float *weight, int32_t ins,
                         int32_t area, int32_t stride, int32_t outs) {
  float s[2][BLOCK];
  for (int32_t c = 0; c < 2; ++c)
    for (int32_t o = 0; o < BLOCK; ++o) s[c][o] = sums[c * BLOCK + o];
  for (int32_t i = 0; i < ins; ++i) {
    for (int32_t c = 0; c < 2; ++c) {
      const float xi = x[i * area + c * stride];
      for (int32_t o = 0; o < BLOCK; ++o) s[c][o] += weight[i * outs + o] * xi;
    }
  }
  for (int32_t c = 0; c < 2; ++c)
    for (int32_t o = 0; o < BLOCK; ++o) sums[c * BLOCK + o] = s[c][o];
}

/* y[o] = b[o] + the sum over the group's channels of w[o][i] * x[i]; without a bias it is 0.
 * weight: (groups, kernel height, kernel width, inputs, outputs) */
static void conv2d_BLOCK(const window *s, const float *x, float *y, const float *weight,
                   const float *bias) {
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
        float *to = y + block * out_area + row * s->out_width + column;
        float sums[2 * BLOCK];
        for (int32_t k = 0; k < 2 * BLOCK; ++k)
          sums[k] = bias && k % BLOCK < count ? bias[block + k % BLOCK] : 0.0f;
        for (int32_t ky = 0; ky < s->kernel_height; ++ky) {
          const int32_t in_row = row * s->stride - s->top + ky;
          if (in_row < 0 || in_row >= s->height) continue;
          for (int32_t kx = 0; kx < s->kernel_width; ++kx) {
            const int32_t first = column * s->stride - s->left + kx;
            const int32_t last = first + (columns - 1) * s->stride;
            const float *from = x + group * ins * area + in_row * s->width;
            const float *w = weight + block % outs +
                             ((group * s->kernel_height + ky) * s->kernel_width + kx) * ins * outs;
            if (count == BLOCK && columns == 2 && first >= 0 && last < s->width) {
              add_products_BLOCK(sums, from + first, w, ins, area, s->stride, outs);
              continue;
            }
            for (int32_t c = 0; c < columns; ++c) { /* at the borders, and what is left over */
              const int32_t at = first + c * s->stride;
              float *sum = sums + c * BLOCK;
              if (at < 0 || at >= s->width) continue;
              for (int32_t i = 0; i < ins; ++i) {
                const float xi = from[i * area + at];
                if (count == BLOCK)
                  for (int32_t o = 0; o < BLOCK; ++o) sum[o] += w[i * outs + o] * xi;
                else
                  for (int32_t o = 0; o < count; ++o) sum[o] += w[i * outs + o] * xi;
              }
            }
          }
        }
        for (int32_t o = 0; o < count; ++o)
          for (int32_t c = 0; c < columns; ++c) to[o * out_area + c] = sums[c * BLOCK + o];
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
static void grouped_conv2d(const window *s, const float *x, float *y, const float *weight,
                           const float *bias) {
  const int32_t ins = s->channels / s->groups;
  const int32_t outs = s->out_channels / s->groups;
  float sums[PIECE];
  for (int32_t o = 0; o < s->out_channels; ++o) {
    for (int32_t row = 0; row < s->out_height; ++row) {
      for (int32_t begin = 0; begin < s->out_width; begin += PIECE) {
        const int32_t columns = least(PIECE, s->out_width - begin);
        for (int32_t k = 0; k < columns; ++k) sums[k] = bias ? bias[o] : 0.0f;
        for (int32_t i = 0; i < ins; ++i) {
          for (int32_t ky = 0; ky < s->kernel_height; ++ky) {
            const int32_t in_row = row * s->stride - s->top + ky;
            const float *w = weight + ((o * ins + i) * s->kernel_height + ky) * s->kernel_width;
            const float *from;
            if (in_row < 0 || in_row >= s->height) continue;
            from = x + ((o / outs * ins + i) * s->height + in_row) * s->width;
            for (int32_t kx = 0; kx < s->kernel_width; ++kx) {
              const int32_t move = begin * s->stride + kx - s->left;
              const int32_t first = most(0, (s->stride - 1 - move) / s->stride);
              const int32_t end = least(columns, (s->width - 1 - move + s->stride) / s->stride);
              if (s->stride == 1)
                for (int32_t k = first; k < end; ++k) sums[k] += w[kx] * from[k + move];
              else
                for (int32_t k = first; k < end; ++k)
                  sums[k] += w[kx] * from[k * s->stride + move];
            }
          }
        }
        for (int32_t k = 0; k < columns; ++k) *y++ = sums[k];
      }
    }
  }
}
)");
  }
  c.array(at.layer + "_weight", block > 0 ? channels_last(conv.shape, conv.weight) : conv.weight);
  if (!conv.bias.empty()) c.array(at.layer + "_bias", conv.bias);
  c.multiplies(static_cast<Index>(conv.weight.size()) * conv.shape.out.area());
  c.call(block > 0 ? detail::text("conv2d_", block, '(') : std::string("grouped_conv2d("), window,
         ", ", at.x, ", ", at.y, ", ", at.layer, "_weight, ",
         conv.bias.empty() ? std::string("0") : at.layer + "_bias", ')');
}

}  // namespace kd::c_source
