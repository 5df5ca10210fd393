// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "kd/quant/operations.hpp"
#include "kd/quant/quantize_weights.hpp"

/// By how much rounded weights move the mean of each output channel: `mean of (W' - W) x`, which is
/// `(W' - W) mean(x)`. A bias without it keeps the means. Source: Nagel et al., "Data-Free
/// Quantization Through Weight Equalization and Bias Correction", ICCV 2019.
namespace kd::quant {

namespace detail {

/// What rounding added to weight `i` of channel `c`.
inline double rounding_error(const Weights& w, const std::vector<float>& weight, std::size_t c,
                             std::size_t i) {
  return static_cast<double>(w.scales[c]) * static_cast<double>(w.weight[i]) -
         static_cast<double>(weight[i]);
}

}  // namespace detail

inline MeanErrors mean_errors(const graph::Linear& linear, const Weights& w,
                              const std::vector<double>& mean) {
  MeanErrors errors(w.scales.size(), 0.);
  const auto in = static_cast<std::size_t>(linear.in);
  for (std::size_t o = 0; o < errors.size(); ++o)
    for (std::size_t i = 0; i < in; ++i)
      errors[o] += detail::rounding_error(w, linear.weight, o, o * in + i) * mean[i];
  return errors;
}

/// The mean is over the places of the window, too.
inline MeanErrors mean_errors(const graph::Convolution& conv, const Weights& w,
                              const std::vector<double>& mean) {
  const ConvShape& s = conv.shape;
  MeanErrors errors(w.scales.size(), 0.);
  for (Index o = 0; o < s.out.channels; ++o) {
    for (Index i = 0; i < s.ins(); ++i) {
      const double* const from = mean.data() + (o / s.outs() * s.ins() + i) * s.in.area();
      for (Index ky = 0; ky < s.height; ++ky) {
        for (Index kx = 0; kx < s.width; ++kx) {
          double seen = 0;
          for (Index row = 0; row < s.out.height; ++row) {
            const Index y = row * s.stride - s.top + ky;
            for (Index column = 0; column < s.out.width; ++column) {
              const Index x = column * s.stride - s.left + kx;
              if (y >= 0 && y < s.in.height && x >= 0 && x < s.in.width)
                seen += from[y * s.in.width + x];
            }
          }
          const Index at = ((o * s.ins() + i) * s.height + ky) * s.width + kx;
          errors[static_cast<std::size_t>(o)] +=
              detail::rounding_error(w, conv.weight, static_cast<std::size_t>(o),
                                     static_cast<std::size_t>(at)) *
              seen / static_cast<double>(s.out.area());
        }
      }
    }
  }
  return errors;
}

}  // namespace kd::quant
