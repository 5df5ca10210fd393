// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include "kd/export/c_pool.hpp"
#include "kd/export/c_program.hpp"
#include "kd/graph/operations.hpp"

/// How each operation is written in C99 with floats: its constants, its function, its call. A new
/// layer is a copy of one of these.
namespace kd::c_source {

/// The weight is written (in, out), so that compilers find a loop of independent sums.
inline void emit(Program& c, const graph::Linear& linear, const Place& at) {
  c.kernel(R"(/* y = W x + b; weight: (inputs, outputs) */
static void linear(const float *x, float *y, const float *weight, const float *bias,
                   int32_t inputs, int32_t outputs) {
  for (int32_t o = 0; o < outputs; ++o) y[o] = bias[o];
  for (int32_t i = 0; i < inputs; ++i) {
    const float xi = x[i];
    for (int32_t o = 0; o < outputs; ++o) y[o] += weight[i * outputs + o] * xi;
  }
}
)");
  std::vector<float> turned(linear.weight.size());
  for (Index i = 0; i < linear.in; ++i)
    for (Index o = 0; o < linear.out; ++o)
      turned[static_cast<std::size_t>(i * linear.out + o)] =
          linear.weight[static_cast<std::size_t>(o * linear.in + i)];
  c.array(at.layer + "_weight", turned);
  c.array(at.layer + "_bias", linear.bias);
  c.multiplies(linear.in * linear.out);
  c.call("linear(", at.x, ", ", at.y, ", ", at.layer, "_weight, ", at.layer, "_bias, ", linear.in,
         ", ", linear.out, ')');
}

/// `scale = weight / sqrt(variance + eps)`, `shift = bias - mean scale`: what `fold` left over.
inline void emit(Program& c, const graph::BatchNorm& norm, const Place& at) {
  c.kernel(R"(/* y = scale x + shift, channel by channel */
static void batch_norm(const float *x, float *y, const float *scale, const float *shift,
                       int32_t channels, int32_t area) {
  for (int32_t c = 0; c < channels; ++c)
    for (int32_t i = c * area; i < (c + 1) * area; ++i) y[i] = scale[c] * x[i] + shift[c];
}
)");
  std::vector<float> scale;
  std::vector<float> shift;
  for (std::size_t i = 0; i < norm.weight.size(); ++i) {
    const double by =
        static_cast<double>(norm.weight[i]) /
        std::sqrt(static_cast<double>(norm.variance[i]) + static_cast<double>(norm.eps));
    scale.push_back(static_cast<float>(by));
    shift.push_back(static_cast<float>(static_cast<double>(norm.bias[i]) -
                                       static_cast<double>(norm.mean[i]) * by));
  }
  c.array(at.layer + "_scale", scale);
  c.array(at.layer + "_shift", shift);
  c.multiplies(at.out);
  c.call("batch_norm(", at.x, ", ", at.y, ", ", at.layer, "_scale, ", at.layer, "_shift, ",
         scale.size(), ", ", norm.area, ')');
}

inline void emit(Program& c, const graph::LayerNorm& norm, const Place& at) {
  c.kernel_with_math(R"(/* y = (x - mean) / sqrt(variance + eps) weight + bias */
static void layer_norm(const float *x, float *y, const float *weight, const float *bias,
                       int32_t n, float eps) {
  float mean = 0.0f;
  float variance = 0.0f;
  float inverse;
  for (int32_t i = 0; i < n; ++i) mean += x[i];
  mean /= (float)n;
  for (int32_t i = 0; i < n; ++i) variance += (x[i] - mean) * (x[i] - mean);
  inverse = 1.0f / sqrtf(variance / (float)n + eps);
  for (int32_t i = 0; i < n; ++i) y[i] = (x[i] - mean) * inverse * weight[i] + bias[i];
}
)");
  c.array(at.layer + "_weight", norm.weight);
  c.array(at.layer + "_bias", norm.bias);
  c.multiplies(3 * at.out);
  c.call("layer_norm(", at.x, ", ", at.y, ", ", at.layer, "_weight, ", at.layer, "_bias, ", at.out,
         ", ", literal(norm.eps), ')');
}

inline void emit(Program& c, const graph::MaxPool& pool, const Place& at) {
  const std::string window = c.window(at, pool.shape);
  c.kernel(max_pool("float"));
  c.call("max_pool(", window, ", ", at.x, ", ", at.y, ')');
}

inline void emit(Program& c, const graph::AveragePool& pool, const Place& at) {
  const std::string window = c.window(at, pool.shape);
  c.kernel(over_windows(
      "the mean of every window, whose border counts as zeros or does not count", "average_pool",
      "float", ", int32_t counts_border",
      R"(        const int32_t count = counts_border ? s->kernel_height * s->kernel_width
                                            : (bottom - top) * (right - left);
        float sum = 0.0f;
        for (int32_t r = top; r < bottom; ++r)
          for (int32_t i = left; i < right; ++i) sum += x[r * s->width + i];
        *y++ = sum / (float)count;
)"));
  c.call("average_pool(", window, ", ", at.x, ", ", at.y, ", ", pool.counts_border ? 1 : 0, ')');
}

inline void emit(Program& c, const graph::Add&, const Place& at) {
  c.kernel(R"(static void add(const float *a, const float *b, float *y, int32_t n) {
  for (int32_t i = 0; i < n; ++i) y[i] = a[i] + b[i];
}
)");
  c.call("add(", at.x, ", ", at.other, ", ", at.y, ", ", at.out, ')');
}

}  // namespace kd::c_source
