// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "kd/core/model_fits.hpp"
#include "kd/data/loader.hpp"
#include "kd/graph/graph.hpp"
#include "kd/quant/quantization.hpp"

namespace kd {

/// How the range of a tensor follows from what it holds over the calibration samples.
enum class RangeMethod {
  min_max,       ///< the smallest and the largest number
  running_mean,  ///< a running mean of each batch's smallest and largest number
  percentile     ///< what is left when the outermost shares of numbers are cut off
};

struct CalibrationOptions {
  RangeMethod range = RangeMethod::min_max;
  double averaging = 0.01;   ///< of running_mean: how far a batch moves it, in (0, 1]
  double percentile = 99.9;  ///< of percentile: what is kept of each side, in (50, 100]
  bool correct_bias = true;  ///< a channel's mean stays what it was before its weights were rounded
  Index batch_size = 64;
};

namespace quant {

/// What a tensor held over the calibration samples.
struct Observed {
  Range range;
  std::vector<double> mean;  ///< of each feature
  double magnitude = 0;      ///< the mean of |x|
};

namespace detail {

inline void check(const CalibrationOptions& options) {
  kd::detail::check_at_least_one("CalibrationOptions: batch_size", options.batch_size);
  kd::detail::check_positive("CalibrationOptions: averaging", options.averaging);
  if (options.averaging > 1)
    throw ConfigError(kd::detail::text("CalibrationOptions: averaging must be at most 1, got ",
                                       options.averaging));
  if (!(options.percentile > 50 && options.percentile <= 100))
    throw ConfigError(kd::detail::text("CalibrationOptions: percentile must be in (50, 100], got ",
                                       options.percentile));
}

/// Counts numbers within a known range, to find percentiles.
class Histogram {
 public:
  explicit Histogram(const Range& range) : range_(range) {}

  template <Real S>
  void add(VectorView<const S> numbers) {
    const double width = range_.high - range_.low;
    if (!(width > 0)) return;
    for (Index i = 0; i < numbers.size; ++i) {
      const double share = (static_cast<double>(numbers.data[i]) - range_.low) / width;
      const auto bin = static_cast<std::size_t>(std::clamp(share * bins, 0., bins - 1.));
      ++counts_[bin];
      ++total_;
    }
  }

  /// The range without what lies beyond the percentile on each side.
  Range within(double percentile) const {
    if (total_ == 0) return range_;
    const double beyond = (1 - percentile / 100) * static_cast<double>(total_);
    std::size_t first = 0;
    std::size_t last = bins - 1;
    for (double cut = static_cast<double>(counts_[first]); cut <= beyond && first < last;)
      cut += static_cast<double>(counts_[++first]);
    for (double cut = static_cast<double>(counts_[last]); cut <= beyond && last > first;)
      cut += static_cast<double>(counts_[--last]);
    const double step = (range_.high - range_.low) / bins;
    return {range_.low + step * static_cast<double>(first),
            range_.low + step * static_cast<double>(last + 1)};
  }

 private:
  static constexpr std::size_t bins = 2048;
  Range range_;
  std::array<Index, bins> counts_{};
  Index total_ = 0;
};

/// Follows one tensor from batch to batch.
class Observer {
 public:
  explicit Observer(Index features) : sums_(static_cast<std::size_t>(features), 0.) {}

  template <Real S>
  void add(MatrixView<const S> x, const CalibrationOptions& options) {
    const auto values = map(x);
    const Range batch{static_cast<double>(values.minCoeff()),
                      static_cast<double>(values.maxCoeff())};
    const double share = options.range == RangeMethod::running_mean ? options.averaging : 1;
    const auto move = [&](double from, double to) { return from + share * (to - from); };
    if (samples_ == 0) {
      low_ = batch.low;
      high_ = batch.high;
    } else if (options.range == RangeMethod::running_mean) {
      low_ = move(low_, batch.low);
      high_ = move(high_, batch.high);
    } else {
      low_ = std::min(low_, batch.low);
      high_ = std::max(high_, batch.high);
    }
    for (Index b = 0; b < x.cols; ++b)
      for (Index i = 0; i < x.rows; ++i)
        sums_[static_cast<std::size_t>(i)] += static_cast<double>(x.data[b * x.rows + i]);
    magnitudes_ += values.cwiseAbs().template cast<double>().sum();
    samples_ += x.cols;
  }

  Observed observed() const {
    Observed result{{low_, high_}, sums_};
    for (double& sum : result.mean) sum /= static_cast<double>(samples_);
    result.magnitude =
        magnitudes_ / static_cast<double>(samples_ * static_cast<Index>(sums_.size()));
    return result;
  }

 private:
  double low_ = 0;
  double high_ = 0;
  std::vector<double> sums_;
  double magnitudes_ = 0;
  Index samples_ = 0;
};

/// Runs the network over the samples and calls `see(i, values)` with every tensor of the graph.
template <class N, class See>
void watch(const N& network, const graph::Graph& graph, const Dataset& data, Index batch_size,
           See&& see) {
  using S = typename N::Scalar;
  Loader<S> loader(data, batch_size);
  auto tape = network.make_workspace(std::min(batch_size, data.size()));
  for (Index k = 0; k < loader.batches(); ++k) {
    network.logits(loader.batch(k), tape);
    for (Index i = 0; i <= graph.size(); ++i) {
      const MatrixView<const S> values = tape.value(i == 0 ? 0 : graph.node(i).layer);
      if (!map(values).allFinite())
        throw DataError(kd::detail::text(
            "quantize: expected finite numbers, but what ",
            i == 0 ? "comes in" : "layer " + kd::detail::text(graph.node(i).layer) + " gives",
            " for samples ", data.first() + k * batch_size, " to ",
            data.first() + k * batch_size + values.cols - 1, " is not"));
      see(i, values);
    }
  }
}

}  // namespace detail

/// What each tensor of a network's graph holds over the samples of a data set: tensor 0 is the
/// input. Throws `ConfigError` for an option out of its range, `ShapeError` when the samples do not
/// fit, `DataError` when what a layer gives is not finite.
template <class N>
std::vector<Observed> calibrate(const N& network, const graph::Graph& graph, const Dataset& data,
                                const CalibrationOptions& options = {}) {
  detail::check(options);
  kd::detail::check_features("quantize", network, data.features(), data.size());
  std::vector<detail::Observer> observers;
  for (Index i = 0; i <= graph.size(); ++i) observers.emplace_back(graph.features(i));
  detail::watch(network, graph, data, options.batch_size, [&](Index i, auto values) {
    observers[static_cast<std::size_t>(i)].add(values, options);
  });
  std::vector<Observed> observed;
  for (const detail::Observer& each : observers) observed.push_back(each.observed());
  if (options.range == RangeMethod::percentile) {
    std::vector<detail::Histogram> histograms;
    for (const Observed& each : observed) histograms.emplace_back(each.range);
    detail::watch(network, graph, data, options.batch_size, [&](Index i, auto values) {
      histograms[static_cast<std::size_t>(i)].add(values.flat());
    });
    for (std::size_t i = 0; i < observed.size(); ++i)
      observed[i].range = histograms[i].within(options.percentile);
  }
  return observed;
}

}  // namespace quant
}  // namespace kd
