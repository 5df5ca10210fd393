// SPDX-License-Identifier: MIT
#include "kd/quant/quantize.hpp"

#include "kd/distill.hpp"
#include "kd/quant/compare.hpp"
#include "support/catch.hpp"
#include "support/exported_networks.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::random_matrix;

namespace {

using Two = Sequential<Linear<4, 3>, ReLU, Linear<3, 2>>;

Dataset samples(Index features, Index count, float size = 1) {
  return Dataset(random_matrix<float>(features, count, 9, static_cast<double>(size)));
}

const quant::Linear& linear(const QuantizedNetwork& network, std::size_t i) {
  return std::get<quant::Linear>(network.nodes()[i].operation);
}

/// The largest distance of what integers say from what reals said, in steps of the output.
template <class N>
float steps_apart(const QuantizedNetwork& quantized, const N& network, const Matrix<float>& x) {
  return (quantized.predict(x) - network.predict(x)).cwiseAbs().maxCoeff() /
         quantized.output_quantization().scale;
}

}  // namespace

TEST_CASE("ranges hold zero and use all integers", "[quant]") {
  const auto of = [](float low, float high) { return quant::quantization_of({low, high}); };
  CHECK(of(0, 255) == quant::Quantization{1, -128});
  CHECK(of(-128, 127) == quant::Quantization{1, 0});
  CHECK(of(10, 255) == quant::Quantization{1, -128});   // stretched down to 0
  CHECK(of(-255, -10) == quant::Quantization{1, 127});  // and up
  CHECK(of(0, 0) == quant::Quantization{1, -128});
  CHECK(of(-3, -3).scale == 3.F / 255);
  CHECK(quant::quantization_of({0, 255}, 2).scale == 2);
  const quant::Quantization is = of(-1, 2);
  CHECK(is.dequantise(is.quantise(0)) == 0);
  CHECK(is.quantise(2) == 127);
  CHECK(is.quantise(1e30F) == 127);
  CHECK(is.quantise(-1e30F) == -128);
  CHECK(is.quantise(std::numeric_limits<float>::quiet_NaN()) == -128);
  CHECK(quant::Quantization{1, 0}.quantise(2.5F) == 3);
  CHECK(quant::Quantization{1, 0}.quantise(-2.5F) == -3);
  // So narrow that a float has no digits left.
  CHECK(of(0, 1e-44F).scale == std::numeric_limits<float>::min());
}

TEST_CASE("a network of integers says what the one in float says, but for rounding", "[quant]") {
  const Network<Two> network = kd::test::lively<Two>();
  const Dataset data = samples(4, 200);
  const QuantizedNetwork quantized = quantize(network, data);
  REQUIRE(quantized.nodes().size() == 2);
  CHECK(quantized.nodes()[0].text == "Linear(4, 3), ReLU");
  CHECK(steps_apart(quantized, network, data.inputs()) < 4);
  CHECK(quantized.in_features() == 4);
  CHECK(quantized.num_classes() == 2);
  // Each channel has its own scale, and its largest weight is 127.
  for (const quant::Node& node : quantized.nodes()) {
    const auto& layer = std::get<quant::Linear>(node.operation);
    for (Index o = 0; o < layer.out; ++o) {
      const auto row = layer.weights.weight.begin() + o * layer.in;
      CHECK(std::abs(*std::max_element(row, row + layer.in, [](auto a, auto b) {
              return std::abs(a) < std::abs(b);
            })) == 127);
    }
  }
  CHECK(linear(quantized, 0).weights.scales[0] ==
        network.layer<1>().weight().row(0).cwiseAbs().maxCoeff() / 127);
}

TEST_CASE("every layer has integers", "[quant]") {
  const auto check = [](const auto& network, float most) {
    const Dataset data = samples(network.in_features(), 300, 2);
    const QuantizedNetwork quantized = quantize(network, data);
    CHECK(steps_apart(quantized, network, data.inputs()) < most);
    const Matrix<float> float_logits = network.predict(data.inputs());
    const Matrix<float> difference = quantized.predict(data.inputs()) - float_logits;
    CHECK(difference.norm() < 0.06F * float_logits.norm());
  };
  check(kd::test::lively<kd::test::OfFeatures>(), 30);
  check(kd::test::lively<kd::test::OfImages>(), 30);
}

TEST_CASE("LayerNorm is itself but for rounding, for few features and many", "[quant]") {
  const auto check = [](Index features, float size, float shift) {
    INFO(features << " features of " << size);
    const Sequential architecture{LayerNorm<>(features)};
    Network network(architecture, Rng(1));
    map(network.params()) = random_matrix<float>(2 * features, 1, 3, 2).col(0);
    Matrix<float> x = random_matrix<float>(features, 20, 5, static_cast<double>(size));
    x.array() += shift;
    CHECK(steps_apart(quantize(network, Dataset(x)), network, x) < 4);
  };
  check(8, 1, 0);
  check(64, 1, 0);
  check(64, 1e-4F, 0);  // eps counts
  check(3000, 100, 0);
  check(64, 1, 2);
  // One feature has no deviation at all: the bias is left.
  Network network(Sequential(LayerNorm<>(1)), Rng(1));
  map(network.params()) = Vector<float>{{3.F, 2.F}};
  CHECK(quantize(network, samples(1, 8)).predict(Matrix<float>::Ones(1, 1))(0, 0) ==
        Approx(2).epsilon(0.01));
}

TEST_CASE("evaluate gives what the integers say", "[quant]") {
  const Network<Two> network = kd::test::lively<Two>();
  const Dataset data = samples(4, 300).with_labels(kd::test::random_labels(300, 2, 3));
  const QuantizedNetwork quantized = quantize(network, data);
  const Matrix<std::int8_t> said = quantized.run(quantized.quantize_inputs(data.inputs()));
  Index errors = 0;
  for (Index b = 0; b < 300; ++b)
    errors += (said(1, b) > said(0, b) ? 1 : 0) != data.labels().data[b];
  CHECK(evaluate(quantized, data).errors == errors);
  CHECK(evaluate(quantized, data, {.batch_size = 7}).errors == errors);
  const QuantizationReport report = compare(quantized, network, data);
  CHECK(report.accuracy == evaluate(quantized, data).accuracy);
  CHECK(report.float_accuracy == evaluate(network, data).accuracy);
  CHECK(report.largest_difference ==
        Approx((quantized.predict(data.inputs()) - network.predict(data.inputs()))
                   .cwiseAbs()
                   .maxCoeff()));
  CHECK(report.changed_classes <= 10);
  CHECK(report.mean_difference < report.largest_difference);
}

TEST_CASE("integers teach", "[quant]") {
  const Network<Two> network = kd::test::lively<Two>();
  const Dataset data = samples(4, 100);
  const QuantizedNetwork teacher = quantize(network, data);
  Network<Two> student(Rng(5));
  Distiller distiller(teacher, student, SoftTargets{{.hard_weight = 0, .soft_weight = 1}});
  const FitReport report = distiller.fit(data, Adam{{.lr = 1e-2}}, {.epochs = 20});
  CHECK(report.epochs.back().loss < report.epochs.front().loss);
}

TEST_CASE("ranges by running means and by percentiles", "[quant][calibrate]") {
  const Network network(Sequential(Linear<>(1, 1)), Rng(1));
  Matrix<float> x = random_matrix<float>(1, 4000, 2);
  x(0, 100) = 100;  // an outlier
  const Dataset data(x);
  const auto scale = [&](const CalibrationOptions& options) {
    return quantize(network, data, options).input_quantization().scale;
  };
  CHECK(scale({}) == Approx(101. / 255).epsilon(0.001));
  CHECK(scale({.range = RangeMethod::running_mean, .averaging = 0.01}) < 0.02F);
  CHECK(scale({.range = RangeMethod::running_mean, .averaging = 1}) ==
        Approx(2. / 255).epsilon(0.15));  // the last batch alone, of 32 samples
  // 2048 bins between -1 and 100 are as fine as it gets.
  CHECK(scale({.range = RangeMethod::percentile, .percentile = 99.9}) ==
        Approx(2. / 255).epsilon(0.06));
  CHECK(scale({.range = RangeMethod::percentile, .percentile = 100}) == scale({}));
  x(0, 100) = 0;
  const Dataset even(x);
  const CalibrationOptions half{.range = RangeMethod::percentile, .percentile = 75};
  CHECK(quantize(network, even, half).input_quantization().scale ==
        Approx(1. / 255).epsilon(0.05));  // the middle half of what is uniform from -1 to 1
}

TEST_CASE("a corrected bias keeps the mean of each channel", "[quant][calibrate]") {
  // A network in float with the rounded weights says by how much they move the means.
  const auto check = [](auto network) {
    const Matrix<float> x = random_matrix<float>(network.in_features(), 60, 3).cwiseAbs();
    const auto weights_of = [&](bool correct) {
      const QuantizedNetwork quantized = quantize(network, Dataset(x), {.correct_bias = correct});
      return std::pair(std::visit(
                           [](const auto& layer) {
                             if constexpr (requires { layer.weights; }) return layer.weights;
                             return quant::Weights{};
                           },
                           quantized.nodes()[0].operation),
                       quantized.input_quantization().scale);
    };
    const auto [plain, input_scale] = weights_of(false);
    const auto [corrected, same_scale] = weights_of(true);
    const auto channels = static_cast<Index>(plain.scales.size());
    const Matrix<float> before = network.predict(x);
    auto weight = network.template layer<1>().weight();
    for (Index c = 0; c < channels; ++c)
      for (Index i = 0; i < weight.cols(); ++i)
        weight(c, i) = plain.scales[static_cast<std::size_t>(c)] *
                       plain.weight[static_cast<std::size_t>(c * weight.cols() + i)];
    const Matrix<float> moved = network.predict(x) - before;
    const Index area = moved.rows() / channels;
    for (Index c = 0; c < channels; ++c) {
      const auto at = static_cast<std::size_t>(c);
      const float unit = input_scale * plain.scales[at];
      const auto by = static_cast<float>(plain.bias[at] - corrected.bias[at]);
      INFO("channel " << c);
      CHECK(std::abs(by - moved.middleRows(c * area, area).mean() / unit) < 1.1F);
    }
    CHECK(plain.weight == corrected.weight);
    CHECK(plain.bias != corrected.bias);
  };
  check(kd::test::lively<Sequential<Linear<50, 4>>>());
  check(kd::test::lively<Sequential<Image<4, 6, 5>, Conv2d<6, 3, Window{.stride = 2, .pad = 1},
                                                           ConvOptions{.groups = 2}>>>());
}

TEST_CASE("channels of zeros, tensors of one value, outliers", "[quant][edge]") {
  Network<Two> network = kd::test::lively<Two>();
  const Dataset data = samples(4, 50);
  SECTION("a channel without weights gives its bias") {
    network.layer<3>().weight().row(0).setZero();
    network.layer<3>().bias()(0) = 0.75F;
    const QuantizedNetwork quantized = quantize(network, data);
    CHECK(steps_apart(quantized, network, data.inputs()) < 4);
    CHECK((quantized.predict(data.inputs()).row(0).array() - 0.75F).abs().maxCoeff() <=
          quantized.output_quantization().scale);
  }
  SECTION("nor bias: it gives zero") {
    network.layer<3>().weight().row(0).setZero();
    network.layer<3>().bias()(0) = 0;
    const QuantizedNetwork quantized = quantize(network, data);
    CHECK(linear(quantized, 1).weights.scales[0] == 1);
    CHECK(quantized.predict(data.inputs()).row(0).cwiseAbs().maxCoeff() == 0);
  }
  SECTION("a dead layer") {
    network.layer<1>().weight().setZero();
    network.layer<1>().bias().setConstant(-1);
    const QuantizedNetwork quantized = quantize(network, data);
    CHECK(quantized.quantization(1) == quant::Quantization{1, -128});
    CHECK(steps_apart(quantized, network, data.inputs()) <= 1);
  }
  SECTION("a constant layer") {
    network.layer<1>().weight().setZero();
    network.layer<1>().bias().setConstant(0.5F);
    const QuantizedNetwork quantized = quantize(network, data);
    CHECK(steps_apart(quantized, network, data.inputs()) <= 2);
  }
  SECTION("samples that are all the same, and all zero") {
    for (const float value : {0.F, 0.5F, -3.F}) {
      const Matrix<float> x = Matrix<float>::Constant(4, 10, value);
      CHECK(steps_apart(quantize(network, Dataset(x)), network, x) < 4);
    }
  }
  SECTION("an outlier among the weights costs its own channel alone") {
    network.layer<1>().weight()(1, 2) = 1000;
    const QuantizedNetwork quantized = quantize(network, data);
    CHECK(linear(quantized, 0).weights.weight[4 + 2] == 127);
    CHECK(std::abs(linear(quantized, 0).weights.weight[4 + 1]) <= 1);
    CHECK(linear(quantized, 0).weights.scales[0] < 0.1F);
  }
  SECTION("weights so small that a float has lost its digits") {
    network.layer<1>().weight().setConstant(1e-42F);
    network.layer<1>().bias().setConstant(1e-42F);
    const QuantizedNetwork quantized = quantize(network, data);
    CHECK(steps_apart(quantized, network, data.inputs()) < 4);
  }
}

TEST_CASE("no sum overflows 32 bits", "[quant][edge]") {
  SECTION("a bias that is large beside its weights") {
    Network<Sequential<Linear<2, 1>>> network(Rng(1));
    network.layer<1>().weight().setConstant(1e-7F);
    network.layer<1>().bias().setConstant(1e6F);
    const Dataset data = samples(2, 20);
    const QuantizedNetwork quantized = quantize(network, data);
    CHECK(std::abs(linear(quantized, 0).weights.bias[0]) <= 1 << 30);
    CHECK(steps_apart(quantized, network, data.inputs()) <= 1);
  }
  SECTION("as many weights as can be, all of them large") {
    constexpr Index many = 100000;
    Network network(Sequential(Linear<>(many, 1)), Rng(1));
    map(network.params()).setConstant(1);
    const Matrix<float> x = Matrix<float>::Ones(many, 1);
    const QuantizedNetwork quantized = quantize(network, Dataset(x));
    std::int64_t most = std::abs(linear(quantized, 0).weights.bias[0]);
    for (const std::int8_t weight : linear(quantized, 0).weights.weight)
      most += 256 * std::abs(weight);
    CHECK(most <= std::numeric_limits<std::int32_t>::max());
    CHECK(most > std::numeric_limits<std::int32_t>::max() / 2);
    CHECK(quantized.predict(x)(0, 0) == Approx(many).epsilon(0.01));
  }
  SECTION("an output that is small beside its terms") {
    Network<Sequential<Linear<2, 1>>> network(Rng(1));
    network.layer<1>().weight() << 1000.F, -1000.F;
    network.layer<1>().bias().setZero();
    const Matrix<float> x = Matrix<float>::Constant(2, 10, 1.F);  // they cancel
    const QuantizedNetwork quantized = quantize(network, Dataset(x));
    const quant::Weights& weights = linear(quantized, 0).weights;
    const std::int64_t most = std::abs(weights.bias[0]) + 256 * 2 * 127;
    CHECK(most << std::max(weights.multipliers[0].shift, 0) <=
          std::numeric_limits<std::int32_t>::max());
    CHECK(std::abs(quantized.predict(x)(0, 0)) <= quantized.output_quantization().scale);
  }
  SECTION("a sum of tensors that cancel") {
    Network<Sequential<Residual<Linear<2, 2>>>> network(Rng(1));
    network.layer<1>().weight() << -1.F, 0.F, 0.F, -1.F;
    network.layer<1>().bias().setZero();
    const Dataset data = samples(2, 20);
    const QuantizedNetwork quantized = quantize(network, data);
    CHECK(std::get<quant::Add>(quantized.nodes()[1].operation).sum.shift <= 0);
    CHECK(quantized.predict(data.inputs()).cwiseAbs().maxCoeff() < 0.02F);
  }
}

TEST_CASE("what cannot be quantised says why", "[quant][errors]") {
  Network<Two> network(Rng(1));
  const Dataset data = samples(4, 10);
  CHECK_THROWS_AS(quantize(network, data, {.averaging = 0}), ConfigError);
  CHECK_THROWS_AS(quantize(network, data, {.averaging = 1.5}), ConfigError);
  CHECK_THROWS_AS(quantize(network, data, {.percentile = 50}), ConfigError);
  CHECK_THROWS_AS(quantize(network, data, {.percentile = 101}), ConfigError);
  CHECK_THROWS_AS(quantize(network, data, {.batch_size = 0}), ConfigError);
  CHECK_THROWS_AS(quantize(network, samples(5, 10)), ShapeError);
  CHECK_THROWS_AS(Dataset(Matrix<float>(4, 0)), DataError);  // an empty set is none
  const QuantizedNetwork quantized = quantize(network, data);
  CHECK_THROWS_AS(quantized.predict(Matrix<float>::Ones(3, 1)), ShapeError);
  CHECK_THROWS_AS(quantized.run(Matrix<std::int8_t>::Ones(3, 1)), ShapeError);
  CHECK_THROWS_AS(compare(quantized, network, samples(5, 10)), ShapeError);
  map(network.params()).setConstant(1e38F);
  CHECK_THROWS_WITH(quantize(network, data),
                    ContainsSubstring("what layer 3 gives for samples 0 to 9 is not"));
  const Network<Two> taken = std::move(network);
  CHECK_THROWS_AS(quantize(network, data), ConfigError);
}
