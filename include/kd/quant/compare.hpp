// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>

#include "kd/nn/predictions.hpp"
#include "kd/quant/quantized_network.hpp"
#include "kd/train/evaluate.hpp"

namespace kd {

/// What quantisation changed on a data set. What the data set does not tell is not a number.
struct QuantizationReport {
  Index samples = 0;
  double accuracy = std::numeric_limits<double>::quiet_NaN();        ///< in integers
  double float_accuracy = std::numeric_limits<double>::quiet_NaN();  ///< before
  double largest_difference = 0;  ///< of a logit from the one before
  double mean_difference = 0;
  Index changed_classes = 0;  ///< samples of another class than before
};

/// Runs a network and the integers that were made of it over a data set. Throws as `evaluate`, but
/// needs no labels.
template <class Architecture, Real S>
QuantizationReport compare(const QuantizedNetwork& quantized,
                           const Network<Architecture, cpu::Space, S>& network,
                           const Dataset& data) {
  detail::check_features("compare", quantized, data.features(), data.size());
  detail::check_features("compare", network, data.features(), data.size());
  detail::check_equal("compare", "classes", network.num_classes(), quantized.num_classes());
  QuantizationReport report{.samples = data.size()};
  if (data.has_labels()) {
    report.accuracy = evaluate(quantized, data).accuracy;
    report.float_accuracy = evaluate(network, data).accuracy;
  }
  constexpr Index batch = 256;
  double sum = 0;
  for (Index first = 0; first < data.size(); first += batch) {
    const Matrix<float> x = data.slice(first, std::min(batch, data.size() - first)).inputs();
    const Matrix<float> before = network.predict(x.template cast<S>()).template cast<float>();
    const Matrix<float> after = quantized.predict(x);
    const auto difference = (after - before).cwiseAbs().eval();
    report.largest_difference =
        std::max(report.largest_difference, static_cast<double>(difference.maxCoeff()));
    sum += static_cast<double>(difference.sum());
    report.changed_classes += (classify(after).array() != classify(before).array()).count();
  }
  report.mean_difference = sum / static_cast<double>(data.size() * network.num_classes());
  return report;
}

}  // namespace kd
