// SPDX-License-Identifier: MIT
#pragma once

#include "kd/export/c_int8_weights.hpp"
#include "kd/export/c_pool.hpp"

/// How each operation of 8-bit integers is written in C99, without a floating-point number. A new
/// layer is a copy of one of these.
namespace kd::c_source {

/// The zero point of the input is in the bias: `sum of w (x - z) = sum of w x - z sum of w`.
inline void emit(Program& c, const quant::Linear& linear, const QuantizedPlace& at) {
  need_requantise(c);
  c.kernel(R"(/* y = W x + b; weight: (outputs, inputs); the zero point of x is in the bias */
static void linear(const int8_t *x, int8_t *y, const int8_t *weight, const int32_t *bias,
                   const int32_t *multiplier, const int8_t *shift, int32_t inputs, int32_t outputs,
                   int32_t zero_point, int32_t low, int32_t high) {
  for (int32_t o = 0; o < outputs; ++o) {
    const int8_t *w = weight + o * inputs;
    int32_t sum = bias[o];
    for (int32_t i = 0; i < inputs; ++i) sum += (int32_t)w[i] * x[i];
    y[o] = clamped(requantise(sum, multiplier[o], shift[o]) + zero_point, low, high);
  }
}
)");
  std::vector<std::int32_t> bias = linear.weights.bias;
  for (std::size_t o = 0; o < bias.size(); ++o)
    for (std::size_t i = 0; i < static_cast<std::size_t>(linear.in); ++i)
      bias[o] -=
          at.x_is.zero_point * linear.weights.weight[o * static_cast<std::size_t>(linear.in) + i];
  const std::string weights = write_weights(c, linear.weights, bias, at);
  c.multiplies(linear.in * linear.out);
  c.call("linear(", at.x, ", ", at.y, ", ", weights, ",\n         ", linear.in, ", ", linear.out,
         ", /* zero point */ ", at.y_is.zero_point, ", /* within */ ", linear.clamp.low, ", ",
         linear.clamp.high, ')');
}

inline void emit(Program& c, const quant::MaxPool& pool, const QuantizedPlace& at) {
  const std::string window = c.window(at, pool.shape);
  c.kernel(max_pool("int8_t"));
  c.call("max_pool(", window, ", ", at.x, ", ", at.y, ')');
}

inline void emit(Program& c, const quant::AveragePool& pool, const QuantizedPlace& at) {
  const std::string window = c.window(at, pool.shape);
  c.kernel(
      over_windows("the mean of every window, whose border counts as zero points or does not count",
                   "average_pool", "int8_t",
                   ", int32_t counts_border,\n                         int32_t zero_point",
                   R"(        const int32_t all = s->kernel_height * s->kernel_width;
        int32_t count = (bottom - top) * (right - left);
        int32_t sum = counts_border ? (all - count) * zero_point : 0;
        if (counts_border) count = all;
        for (int32_t r = top; r < bottom; ++r)
          for (int32_t i = left; i < right; ++i) sum += x[r * s->width + i];
        *y++ = (int8_t)((sum > 0 ? sum + count / 2 : sum - count / 2) / count);
)"));
  c.call("average_pool(", window, ", ", at.x, ", ", at.y, ", ", pool.counts_border ? 1 : 0,
         ", /* zero point */ ", at.x_is.zero_point, ')');
}

inline void emit(Program& c, const quant::Table& table, const QuantizedPlace& at) {
  c.kernel(R"(/* a function of one number, as what each of the 256 integers becomes */
static void look_up(const int8_t *x, int8_t *y, int32_t n, const int8_t *table) {
  for (int32_t i = 0; i < n; ++i) y[i] = table[x[i] + 128];
}
)");
  c.array(at.layer + "_table", std::vector<std::int8_t>(table.values.begin(), table.values.end()));
  c.call("look_up(", at.x, ", ", at.y, ", ", at.out, ", ", at.layer, "_table)");
}

inline void emit(Program& c, const quant::Add& add, const QuantizedPlace& at) {
  need_requantise(c);
  c.kernel(
      R"(/* what stands for a real number: its zero point, and what brings it to the scale of a sum */
typedef struct {
  int32_t zero_point, multiplier, shift;
} term;

static void add(const int8_t *a, const int8_t *b, int8_t *y, int32_t n, term of_a, term of_b,
                term of_y, int32_t low, int32_t high) {
  for (int32_t i = 0; i < n; ++i) {
    const int32_t from_a = requantise((a[i] - of_a.zero_point) * ((int32_t)1 << 20),
                                      of_a.multiplier, of_a.shift);
    const int32_t from_b = requantise((b[i] - of_b.zero_point) * ((int32_t)1 << 20),
                                      of_b.multiplier, of_b.shift);
    y[i] = clamped(requantise(from_a + from_b, of_y.multiplier, of_y.shift) + of_y.zero_point, low,
                   high);
  }
}
)");
  const auto term = [&](const char* of, const quant::Quantization& is,
                        const quant::Multiplier& by) {
    return c.structure("term", detail::text(at.layer, '_', of), 3,
                       detail::text(is.zero_point, ", ", by.value, ", ", by.shift));
  };
  const std::string a = term("a", at.x_is, add.first);
  const std::string b = term("b", at.other_is, add.second);
  const std::string y = term("y", at.y_is, add.sum);
  c.call("add(", at.x, ", ", at.other, ", ", at.y, ", ", at.out, ", ", a, ", ", b, ", ", y,
         ",\n      /* within */ ", add.clamp.low, ", ", add.clamp.high, ')');
}

inline void emit(Program& c, const quant::LayerNorm& norm, const QuantizedPlace& at) {
  need_requantise(c);
  c.kernel(
      R"(/* y = w (x - mean) / sqrt(variance + eps) + b: the normalised number is in units of 2^-12,
 * eps in units of the scale of n x, squared */
static void layer_norm(const int8_t *x, int8_t *y, int32_t n, const int8_t *weight,
                       const int32_t *bias, int64_t eps, int32_t multiplier, int32_t shift,
                       int32_t zero_point, int32_t low, int32_t high) {
  int64_t sum = 0;
  int64_t squares = 0;
  int64_t variance;
  int64_t deviation = 0;
  int32_t bits = 12;
  for (int32_t i = 0; i < n; ++i) {
    sum += x[i];
    squares += (int32_t)x[i] * x[i];
  }
  variance = n * squares - sum * sum + eps; /* n^2 times it */
  if (variance < 1) variance = 1;
  for (; variance < (int64_t)1 << 60; variance *= 4) ++bits;
  for (int64_t bit = (int64_t)1 << 31; bit > 0; bit /= 2) /* the root, rounded down */
    if ((deviation + bit) * (deviation + bit) <= variance) deviation += bit;
  for (int32_t i = 0; i < n; ++i) {
    const int64_t above = ((int64_t)n * x[i] - sum) * ((int64_t)1 << bits);
    const int64_t half = deviation / 2;
    const int32_t normal = (int32_t)((above > 0 ? above + half : above - half) / deviation);
    y[i] = clamped(requantise(weight[i] * normal + bias[i], multiplier, shift) + zero_point, low,
                   high);
  }
}
)");
  c.array(at.layer + "_weight", norm.weight);
  c.array(at.layer + "_bias", norm.bias);
  c.multiplies(3 * at.out);
  c.call("layer_norm(", at.x, ", ", at.y, ", ", at.out, ", ", at.layer, "_weight, ", at.layer,
         "_bias, INT64_C(", norm.eps, "),\n             ", norm.multiplier.value, ", ",
         norm.multiplier.shift, ", /* zero point */ ", at.y_is.zero_point, ", /* within */ ",
         norm.clamp.low, ", ", norm.clamp.high, ')');
}

}  // namespace kd::c_source
