// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "kd/core/matrix.hpp"
#include "kd/nn/layer.hpp"
#include "kd/testing/gradient_check.hpp"
#include "kd/testing/survives.hpp"

namespace kd::testing {

struct CheckLayerOptions {
  Index batch = 4;
  Index features = 5;  ///< of an element-wise layer, which takes any number
  std::uint64_t seed = 0;
  /// (in, batch); when empty, random numbers of either sign and at least 0.1 in size. Give your
  /// own to a layer that has kinks elsewhere than at zero.
  Matrix<double> inputs = {};
  Vector<double> params = {};  ///< when empty, what the layer's `init` draws
  GradientCheckOptions gradient = {};
};

namespace detail {

struct LayerGradients {
  Vector<double> params;
  Matrix<double> inputs;
};

/// A layer, its parameters and inputs in double, and the room that a network would give it. What
/// is to be overwritten holds NaN before.
template <Layer L>
class LayerBench {
 public:
  LayerBench(const L& layer, Vector<double> params, Matrix<double> inputs, Rng rng)
      : layer_(layer),
        rng_(rng),
        params_(std::move(params)),
        x_(std::move(inputs)),
        y_(out_features(), x_.cols()),
        cache_(layer.cache_size(x_.rows()), x_.cols()),
        batch_cache_(Vector<double>::Constant(kd::detail::batch_cache_size(layer), nan)),
        statistics_(kd::detail::num_statistics(layer)) {
    cache_.setConstant(nan);
    if constexpr (kd::detail::HasStatistics<L>) layer.init_statistics(view(statistics_));
  }

  Matrix<double>& inputs() { return x_; }
  Vector<double>& params() { return params_; }
  LayerBench sample(Index b) const { return {layer_, params_, x_.col(b), rng_}; }
  LayerBench with(Rng rng) const { return {layer_, params_, x_, rng}; }

  const Matrix<double>& forward(Mode mode) {
    y_.setConstant(nan);
    layer_.forward(LayerForward<double, cpu::Space>{
        space_,
        mode,
        rng_,
        view(std::as_const(params_)),
        view(std::as_const(x_)),
        view(y_),
        mode == Mode::training ? whole(cache_) : MatrixView<double>{},
        {},
        view(std::as_const(statistics_)),
        mode == Mode::training ? view(batch_cache_) : VectorView<double>{}});
    return y_;
  }

  /// Behind a forward in training; the gradients have to be overwritten.
  LayerGradients backward(const Matrix<double>& dy, bool wants_inputs = true) const {
    LayerGradients g{Vector<double>::Constant(params_.size(), nan),
                     Matrix<double>::Constant(x_.rows(), wants_inputs ? x_.cols() : 0, nan)};
    backward(dy, g, Write::overwrite);
    return g;
  }

  void backward(const Matrix<double>& dy, LayerGradients& g, Write write) const {
    layer_.backward(LayerBackward<double, cpu::Space>{space_,
                                                      view(params_),
                                                      view(x_),
                                                      view(y_),
                                                      whole(cache_),
                                                      view(dy),
                                                      view(g.params),
                                                      write,
                                                      whole(g.inputs),
                                                      write,
                                                      {},
                                                      Write::overwrite,
                                                      view(batch_cache_),
                                                      {}});
  }

 private:
  static constexpr double nan = std::numeric_limits<double>::quiet_NaN();

  /// A view that is empty, as the kernels understand it, when the matrix is.
  template <class M>
  static auto whole(M& x) {
    return x.size() > 0 ? view(x) : decltype(view(x)){};
  }

  Index out_features() const {
    if constexpr (kd::detail::Elementwise<L>) {
      return x_.rows();
    } else {
      return layer_.out_features();
    }
  }

  const L& layer_;
  Rng rng_;
  cpu::Space space_;
  Vector<double> params_;
  Matrix<double> x_;
  Matrix<double> y_;
  Matrix<double> cache_;
  Vector<double> batch_cache_;
  Vector<double> statistics_;
};

template <Layer L>
LayerBench<L> make_bench(const L& layer, const CheckLayerOptions& options) {
  Index features = options.features;
  if constexpr (!kd::detail::Elementwise<L>) features = layer.in_features();
  Matrix<double> inputs = options.inputs;
  if (inputs.size() == 0) {
    kd::detail::check_at_least_one("CheckLayerOptions: batch", options.batch);
    kd::detail::check_at_least_one("CheckLayerOptions: features", features);
    inputs.resize(features, options.batch);
    fill_away_from_zero(view(inputs).flat(), Rng(options.seed).stream(1));
  } else if (!kd::detail::Elementwise<L>) {
    kd::detail::check_equal("check_layer", "input features", features, inputs.rows());
  }
  Vector<double> params = options.params;
  if (params.size() == 0) {
    params = Vector<double>::Zero(layer.num_params());
    layer.init(view(params), Rng(options.seed).stream(2));
  } else {
    kd::detail::check_equal("check_layer", "parameters", layer.num_params(), params.size());
  }
  return {layer, std::move(params), std::move(inputs), Rng(options.seed).stream(3)};
}

/// Compares both gradients.
inline void compare(CheckReport& report, const std::string& how, const LayerGradients& got,
                    const LayerGradients& expected, double tolerance) {
  report.compare(how + "gradient of the parameters", view(got.params), view(expected.params),
                 tolerance);
  report.compare(how + "gradient of the inputs", view(got.inputs).flat(),
                 view(expected.inputs).flat(), tolerance);
}

/// Samples one by one must give what they give together. A layer that draws random numbers gives
/// each place of a batch its own, and one that keeps something of a batch knows them all, so only
/// its inference is held to that.
template <Layer L>
void check_samples_apart(CheckReport& report, const L& layer, LayerBench<L>& bench,
                         const Matrix<double>& dy, const LayerGradients& together,
                         double tolerance) {
  const bool together_only =
      kd::detail::batch_cache_size(layer) > 0 ||
      bench.with(Rng(1)).forward(Mode::training) != bench.with(Rng(2)).forward(Mode::training);
  const Matrix<double> y = bench.forward(Mode::inference);
  Matrix<double> y_apart(y.rows(), y.cols());
  LayerGradients apart{Vector<double>::Zero(together.params.size()),
                       Matrix<double>(together.inputs.rows(), y.cols())};
  for (Index b = 0; b < y.cols(); ++b) {
    LayerBench<L> one = bench.sample(b);
    y_apart.col(b) = one.forward(Mode::inference);
    one.forward(Mode::training);
    const LayerGradients g = one.backward(dy.col(b));
    apart.params += g.params;
    apart.inputs.col(b) = g.inputs;
  }
  report.compare("samples one by one: output", view(y_apart).flat(), view(y).flat(), tolerance);
  if (!together_only) compare(report, "samples one by one: ", apart, together, tolerance);
  if constexpr (kd::detail::IdentityInInference<L>)
    report.compare("output of inference", view(y).flat(), view(bench.inputs()).flat(), 0);
}

}  // namespace detail

/// Checks a layer in double: its gradients against central differences; that backward overwrites
/// or adds as it is told, and does without the inputs' gradient where that is not wanted; that
/// samples one by one give what they give together.
///
/// The number that is differentiated is `sum(dy * y)` with random `dy`. A layer's random numbers
/// (dropout) are the same throughout, so that it is a function. Throws `ConfigError` or
/// `ShapeError` when the options do not fit the layer.
template <Layer L>
CheckReport check_layer(const L& layer, const CheckLayerOptions& options = {}) {
  detail::LayerBench<L> bench = detail::make_bench(layer, options);
  CheckReport report;
  if (!detail::survives([&] { bench.backward(bench.forward(Mode::training)); })) {
    report_end(report, "whether the program outlives forward and backward");
    return report;
  }
  Matrix<double> dy = bench.forward(Mode::training);
  fill_away_from_zero(view(dy).flat(), Rng(options.seed).stream(4));
  const detail::LayerGradients once = bench.backward(dy);

  const auto value = [&] { return bench.forward(Mode::training).cwiseProduct(dy).sum(); };
  check_gradient(report, "gradient of the parameters", view(bench.params()), view(once.params),
                 value, options.gradient);
  check_gradient(report, "gradient of the inputs", view(bench.inputs()).flat(),
                 view(once.inputs).flat(), value, options.gradient);

  bench.forward(Mode::training);  // the differences left another one behind
  const double rounding = options.gradient.rounding;
  if (detail::survives([&] { bench.backward(dy, false); })) {
    report.compare("without the inputs' gradient: gradient of the parameters",
                   view(bench.backward(dy, false).params), view(once.params), rounding);
  } else {
    report_end(report, "without the inputs' gradient: whether the program outlives backward");
  }
  detail::LayerGradients sum = once;
  bench.backward(dy, sum, Write::add);
  detail::compare(report, "backward twice: ", sum, {2 * once.params, 2 * once.inputs}, rounding);
  detail::check_samples_apart(report, layer, bench, dy, once, rounding);
  return report;
}

}  // namespace kd::testing
