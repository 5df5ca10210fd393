// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "kd/core/matrix.hpp"

namespace kd::test {

/// Two softmaxes of one sample by definition, in long double: p = softmax(v/T), q = softmax(z/T).
struct ExactPair {
  std::vector<long double> p, q;
  std::vector<long double> gap;  ///< log p - log q, to the last digits however small

  template <class S>
  ExactPair(const Matrix<S>& z, const Matrix<S>& v, Index b, long double t) {
    const auto softmax = [&](const Matrix<S>& x, std::vector<long double>& y) {
      long double sum = 0;
      for (Index c = 0; c < x.rows(); ++c) {
        const long double shifted = static_cast<long double>(x(c, b)) - x.col(b).maxCoeff();
        y.push_back(std::exp(shifted / t));
        sum += y.back();
      }
      for (long double& each : y) each /= sum;
      return static_cast<long double>(x.col(b).maxCoeff()) / t + std::log(sum);
    };
    const long double log_ratio = softmax(v, p) - softmax(z, q);
    long double mean = 0;
    for (std::size_t c = 0; c < p.size(); ++c) {
      const auto at = static_cast<Index>(c);
      gap.push_back((static_cast<long double>(v(at, b)) - static_cast<long double>(z(at, b))) / t);
      mean += p[c] * gap[c];
    }
    // log p - log q = gap - mean + KL, where KL = log sum p exp(mean - gap)
    long double divergence = mean - log_ratio;
    for (long double& each : gap) each -= mean;
    if (divergence < 1e-3L) {
      std::vector<long double> lifted = q;  // p exp(mean - gap)
      for (long double& each : lifted) each *= std::exp(divergence);
      divergence = std::log1p(kl(p, lifted, gap));
    }
    for (long double& each : gap) each += divergence;
  }

  /// KL(a || b), given `gap = log a - log b` times `sign`.
  static long double kl(const std::vector<long double>& a, const std::vector<long double>& b,
                        const std::vector<long double>& gap, long double sign = 1) {
    long double sum = 0;
    for (std::size_t c = 0; c < a.size(); ++c) {
      const long double d = sign * gap[c];
      sum += std::abs(d) < 1 ? a[c] * remainder(-d) : a[c] * (d - 1) + b[c];
    }
    return sum;
  }
  /// exp(x) - 1 - x
  static long double remainder(long double x) {
    if (std::abs(x) > 1e-3L) return std::expm1(x) - x;
    return x * x * (1 / 2.L + x * (1 / 6.L + x * (1 / 24.L + x * (1 / 120.L + x / 720))));
  }
  long double forward_kl() const { return kl(p, q, gap); }
  long double reverse_kl() const { return kl(q, p, gap, -1); }
  /// q - p
  long double difference(std::size_t c) const {
    return std::abs(gap[c]) < 1 ? p[c] * std::expm1(-gap[c]) : q[c] - p[c];
  }
};

/// Temperatures from where only the largest logit counts to where none does.
inline constexpr double all_temperatures[] = {1e-2, 1, 4, 20, 1e2, 1e3, 1e4, 1e5, 1e6, 1e8};

}  // namespace kd::test
