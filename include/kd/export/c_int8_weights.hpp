// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "kd/export/c_program.hpp"
#include "kd/quant/operations.hpp"

namespace kd::c_source {

/// Where a layer reads and writes, and what its integers stand for.
struct QuantizedPlace : Place {
  quant::Quantization x_is, other_is, y_is;
};

inline void need_requantise(Program& c) {
  c.kernel(
      R"(/* Right shifts of what is negative have to keep the sign, as on every common compiler. */
typedef char shifts_keep_the_sign[(-1 >> 1) == -1 ? 1 : -1];

/* x multiplier 2^(shift - 31), rounded twice, as TensorFlow Lite Micro's reference kernels do */
static int32_t requantise(int32_t x, int32_t multiplier, int32_t shift) {
  const int64_t product = (int64_t)(x * ((int32_t)1 << (shift > 0 ? shift : 0))) * multiplier;
  const int32_t high = (int32_t)((product + ((int64_t)1 << 30)) >> 31);
  const int32_t right = shift < 0 ? -shift : 0;
  const int32_t mask = (int32_t)(((int64_t)1 << right) - 1);
  return (high >> right) + ((high & mask) > (mask >> 1) + (high < 0) ? 1 : 0);
}

static int8_t clamped(int32_t q, int32_t low, int32_t high) {
  return (int8_t)(q < low ? low : q > high ? high : q);
}
)");
}

/// The arrays of weights, and their names as arguments.
inline std::string write_weights(Program& c, const quant::Weights& w,
                                 std::vector<std::int32_t> bias, const Place& at) {
  std::vector<std::int32_t> multipliers;
  std::vector<std::int8_t> shifts;
  for (const quant::Multiplier& each : w.multipliers) {
    multipliers.push_back(each.value);
    shifts.push_back(static_cast<std::int8_t>(each.shift));
  }
  c.array(at.layer + "_weight", w.weight);
  c.array(at.layer + "_bias", bias);
  c.array(at.layer + "_multiplier", multipliers);
  c.array(at.layer + "_shift", shifts);
  return detail::text(at.layer, "_weight, ", at.layer, "_bias, ", at.layer, "_multiplier, ",
                      at.layer, "_shift");
}

}  // namespace kd::c_source
