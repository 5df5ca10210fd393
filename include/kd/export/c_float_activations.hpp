// SPDX-License-Identifier: MIT
#pragma once

#include "kd/export/c_program.hpp"
#include "kd/graph/operations.hpp"

namespace kd::c_source {

/// A function of one number as a loop in C: its name and what it makes of `x[i]`.
struct CActivation {
  const char* name;
  const char* value;
  bool needs_math = false;
  int multiplications = 0;
};

inline CActivation c_activation(graph::Activation::Kind kind) {
  using Kind = graph::Activation::Kind;
  switch (kind) {
    case Kind::relu:
      return {"relu", "x[i] > 0.0f ? x[i] : 0.0f"};
    case Kind::relu6:
      return {"relu6", "x[i] < 0.0f ? 0.0f : x[i] > 6.0f ? 6.0f : x[i]"};
    case Kind::leaky_relu:
      return {"leaky_relu", "x[i] > 0.0f ? x[i] : slope * x[i]", false, 1};
    case Kind::hard_swish:
      return {"hard_swish",
              "x[i] <= -3.0f ? 0.0f : x[i] >= 3.0f ? x[i] : x[i] * ((x[i] + 3.0f) / 6.0f)", false,
              2};
    case Kind::gelu:
      return {"gelu", "0.5f * x[i] * erfcf(-0.707106781f * x[i])", true, 3};
    case Kind::silu:
      return {"silu", "x[i] / (1.0f + expf(-x[i]))", true, 1};
    case Kind::tanh:
      return {"hyperbolic_tangent", "tanhf(x[i])", true};
    case Kind::sigmoid:
      return {"sigmoid", "1.0f / (1.0f + expf(-x[i]))", true, 1};
  }
  return {};
}

inline void emit(Program& c, const graph::Activation& activation, const Place& at) {
  const CActivation f = c_activation(activation.kind);
  const bool has_slope = activation.kind == graph::Activation::Kind::leaky_relu;
  const std::string kernel =
      detail::text("static void ", f.name, "(const float *x, float *y, int32_t n",
                   has_slope ? ", float slope" : "",
                   ") {\n  for (int32_t i = 0; i < n; ++i) y[i] = ", f.value, ";\n}\n");
  if (f.needs_math)
    c.kernel_with_math(kernel);
  else
    c.kernel(kernel);
  c.multiplies(f.multiplications * at.out);
  c.call(f.name, '(', at.x, ", ", at.y, ", ", at.out,
         has_slope ? ", " + literal(activation.negative_slope) : std::string(), ')');
}

}  // namespace kd::c_source
