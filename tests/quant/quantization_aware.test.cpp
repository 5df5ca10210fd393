// SPDX-License-Identifier: MIT
#include "kd/quant/quantization_aware.hpp"

#include <cmath>
#include <cstdint>
#include <vector>

#include "kd/distill.hpp"
#include "kd/quant/freeze_ranges.hpp"
#include "support/catch.hpp"
#include "support/exported_networks.hpp"
#include "support/golden.hpp"
#include "support/random_matrix.hpp"
#include "support/threads.hpp"

using namespace kd;
using kd::test::golden;
using kd::test::golden_vector;
using kd::test::random_matrix;
using kd::test::relative_distance;

namespace {

using Two = Sequential<Linear<4, 3>, ReLU, Linear<3, 2>>;

Dataset samples(Index features, Index count) {
  return Dataset(random_matrix<float>(features, count, 9, 2.))
      .with_labels(kd::test::random_labels(count, 2, 3));
}

/// Logits of the integers are those of the network, but for some steps here and there.
template <class N>
void check_agrees(const N& aware, const Dataset& data, double same) {
  const QuantizedNetwork integers = quantize(aware);
  const Matrix<float> steps = (aware.predict(data.inputs()) - integers.predict(data.inputs())) /
                              integers.output_quantization().scale;
  const auto near = (steps.cwiseAbs().array() < 1.5F).count();
  CHECK(static_cast<double>(near) >= same * static_cast<double>(steps.size()));
}

}  // namespace

TEST_CASE("fake quantisation is PyTorch's", "[quant][golden]") {
  const Matrix<float> x = golden<float>("quantization/x");
  const Matrix<float> dy = golden<float>("quantization/dy");
  struct Case {
    const char* name;
    quant::Quantization is;
  };
  for (const Case& each : {Case{"eight", {0.03F, -20, 8}}, Case{"four", {0.4F, 0, 4}},
                           Case{"unsigned", {0.25F, -8, 4}}}) {
    INFO(each.name);
    Matrix<float> y(x.rows(), x.cols());
    Matrix<float> dx(x.rows(), x.cols());
    const cpu::Space space;
    op_fake_quantize(space, each.is, view(x).flat(), view(y).flat());
    op_fake_quantize_backward(space, each.is, view(x).flat(), view(dy).flat(), view(dx).flat(),
                              Write::overwrite);
    const std::string name = std::string("quantization/") + each.name;
    CHECK(relative_distance(y, golden<float>(name + "_y"), 1e-6) < 1e-6);
    CHECK(relative_distance(dx, golden<float>(name + "_dx"), 1e-6) < 1e-6);
    op_fake_quantize_backward(space, each.is, view(x).flat(), view(dy).flat(), view(dx).flat(),
                              Write::add);
    CHECK(relative_distance(dx, 2 * golden<float>(name + "_dx"), 1e-6) < 1e-6);
  }
}

TEST_CASE("the gradient of a scale is PyTorch's", "[quant][golden]") {
  const Matrix<double> x = golden<double>("quantization/x");
  const Matrix<double> dy = golden<double>("quantization/dy");
  const cpu::Space space;
  struct Case {
    const char* name;
    quant::Quantization is;
    int largest;  // integer above the zero point
  };
  for (const Case& each : {Case{"eight", {0.03F, -20, 8}, 147}, Case{"four", {0.4F, 0, 4}, 7},
                           Case{"unsigned", {0.25F, -8, 4}, 15}}) {
    INFO(each.name);
    // As LSQ scales it: by the elements of a sample and the largest integer.
    const double factor = 1 / std::sqrt(static_cast<double>(x.rows()) * each.largest);
    const double sum = op_fake_quantize_scale_gradient(space, each.is, view(x), view(dy));
    CHECK_THAT(
        factor * sum,
        WithinRel(golden_vector(std::string("quantization/") + each.name + "_dscale")(0), 1e-4));
  }
}

TEST_CASE("weights are fake-quantised channel by channel as PyTorch does", "[quant][golden]") {
  const cpu::Space space;
  const Matrix<float> weight = golden<float>("quantization/weight");
  const Vector<float> scales = weight.cwiseAbs().colwise().maxCoeff().transpose() / 127;
  Matrix<float> y(weight.rows(), weight.cols());
  op_fake_quantize_weights<float>(space, view(weight), view(scales), -127, 127, view(y));
  CHECK(relative_distance(y, golden<float>("quantization/weight_y"), 1e-6) < 1e-6);
  const Matrix<float> dy = golden<float>("quantization/weight_dy");

  const Matrix<float> cut = golden<float>("quantization/learned_weight");
  const Vector<float> steps = golden_vector("quantization/learned_steps").cast<float>();
  op_fake_quantize_weights<float>(space, view(cut), view(steps), -8, 7, view(y));
  CHECK(relative_distance(y, golden<float>("quantization/learned_y"), 1e-6) < 1e-6);
  Matrix<float> dweight(cut.rows(), cut.cols());
  Vector<float> dsteps(steps.size());
  const double factor = 1 / std::sqrt(static_cast<double>(cut.rows()) * 7);
  op_fake_quantize_weights_backward<float>(space, view(cut), view(steps), -8, 7, view(dy), factor,
                                           view(dweight), view(dsteps), Write::overwrite);
  CHECK(relative_distance(dweight, golden<float>("quantization/learned_dweight"), 1e-6) < 1e-6);
  CHECK(relative_distance(dsteps, golden_vector("quantization/learned_dsteps").cast<float>(),
                          1e-5) < 1e-5);
}

TEST_CASE("twenty steps are PyTorch's", "[quant][golden]") {
  using Three = Sequential<Linear<12, 8>, ReLU, Linear<8, 6>, ReLU, Linear<6, 4>>;
  using Aware = FakeQuantized<Three>;
  const Dataset data(golden<float>("quantization/inputs"),
                     kd::test::golden_labels("quantization/labels"));
  for (const int bits : {8, 4}) {
    INFO(bits << " bits");
    const std::string name = "quantization/training" + std::to_string(bits);
    const Aware architecture(Three(), {.weight_bits = bits,
                                       .activation_bits = bits,
                                       .outer_weight_bits = bits,
                                       .learned_scales = bits < 8});
    Network<Aware, cpu::Space, double> aware(architecture, Rng(0));
    const Vector<double> initial = golden_vector(name + "_initial");
    REQUIRE(aware.num_params() == initial.size());
    map(aware.params()) = initial;
    Vector<double> losses(20);
    fit(aware, data, CrossEntropy{}, Adam{{.lr = 1e-2}},
        {.epochs = 1, .batch_size = 8, .shuffle = false, .on_step = [&](const StepReport& report) {
           losses(report.step - 1) = report.loss;
           if (report.step == 13) freeze_ranges(aware);
         }});
    CHECK(relative_distance(losses, golden_vector(name + "_losses"), 1e-6) < 1e-6);
    CHECK(relative_distance(map(std::as_const(aware).params()), golden_vector(name + "_final"),
                            1e-6) < 1e-6);
  }
}

TEST_CASE("a fake-quantised network gives what its integers give", "[quant]") {
  const auto check = [](const auto& student, double same) {
    const Dataset data = samples(student.in_features(), 200);
    check_agrees(fake_quantize(student, data), data, same);
  };
  check(kd::test::lively<Two>(), 1);
  check(kd::test::lively<kd::test::OfFeatures>(), 0.95);
  check(kd::test::lively<kd::test::OfImages>(), 0.85);
}

TEST_CASE("means of integers are rounded away from zero, though a float falls short of a half",
          "[quant]") {
  const quant::Quantization is{0.1F, -3, 8};
  std::vector<float> means;
  std::vector<float> expected;
  for (int sum = 4 * -128; sum <= 4 * 127; ++sum) {
    const float mean = static_cast<float>(sum) / 4;
    const float real = is.scale * (mean - static_cast<float>(is.zero_point));
    const auto rounded = static_cast<std::int8_t>(std::round(mean));
    for (const float off : {std::nextafter(real, -100.F), real, std::nextafter(real, 100.F)}) {
      means.push_back(off);
      expected.push_back(is.dequantise(rounded));
    }
  }
  means.shrink_to_fit();  // so that a write behind the last is seen
  op_round_means<float>(cpu::Space{}, is, {means.data(), static_cast<Index>(means.size())});
  CHECK(means == expected);
}

TEST_CASE("pools of a fake-quantised network round as those of its integers do", "[quant]") {
  using Pooled = Sequential<Image<2, 6, 4>, AvgPool2d<2>>;
  for (const float shift : {0.F, 1.F, -1.F}) {  // zero points in the middle and beside it
    INFO("shifted by " << shift);
    const Matrix<float> x = random_matrix<float>(48, 50, 9).array() + shift;
    const auto aware = fake_quantize(Network<Pooled>(Rng(1)), Dataset(x));
    const QuantizedNetwork integers = quantize(aware);
    const Matrix<float> steps =
        (aware.predict(x) - integers.predict(x)) / integers.output_quantization().scale;
    CHECK(steps.cwiseAbs().maxCoeff() < 1e-2F);
  }
}

TEST_CASE("a pool rounds nothing where no layer before it does", "[quant]") {
  using Pool = AvgPool2d<2>;
  const Matrix<float> x = random_matrix<float>(48, 5, 9);
  const Network<Sequential<Image<2, 6, 4>, RoundedPool<Pool>>> rounded(Rng(1));
  const Network<Sequential<Image<2, 6, 4>, Pool>> plain(Rng(1));
  CHECK(rounded.predict(x) == plain.predict(x));
}

TEST_CASE("it is a student, and goes on agreeing with its integers", "[quant][distill]") {
  const Network<Two> student = kd::test::lively<Two>();
  const Dataset data = samples(4, 200);
  for (const int bits : {8, 4, 2}) {
    INFO(bits << " bits");
    auto aware = fake_quantize(student, data,
                               {.weight_bits = bits,
                                .activation_bits = bits,
                                .outer_weight_bits = bits,
                                .learned_scales = bits < 8});
    Distiller distiller(student, aware, SoftTargets{{.hard_weight = 0, .soft_weight = 1}});
    const FitReport report = distiller.fit(data, Adam{{.lr = 1e-3}},
                                           {.epochs = 12, .on_step = freeze_ranges_late(aware)});
    if (bits < 8)  // with 8 it begins as its teacher
      CHECK(report.epochs.back().loss < report.epochs.front().loss);
    check_agrees(aware, data, 0.97);
  }
}

TEST_CASE("ranges move until they are frozen", "[quant]") {
  const Dataset data = samples(4, 64);
  auto aware = fake_quantize(kd::test::lively<Two>(), data);
  const Vector<float> before = map(std::as_const(aware).statistics());
  const auto train = [&] { fit(aware, data, CrossEntropy{}, Adam{{.lr = 1e-3}}, {}); };
  train();
  const Vector<float> moved = map(std::as_const(aware).statistics());
  CHECK(moved != before);
  freeze_ranges(aware);
  const Vector<float> frozen = map(std::as_const(aware).statistics());
  train();
  CHECK(map(std::as_const(aware).statistics()) == frozen);
}

TEST_CASE("any number of threads trains the same bits", "[quant][threads]") {
  const auto trained = [](int threads) {
    const kd::test::Threads use(threads);
    const Dataset data = samples(4, 64);
    auto aware = fake_quantize(kd::test::lively<Two>(), data, {.learned_scales = true});
    fit(aware, data, CrossEntropy{}, Adam{{.lr = 1e-3}}, {.epochs = 3});
    return Vector<float>(map(std::as_const(aware).weights()));
  };
  CHECK(trained(1) == trained(2));
}

TEST_CASE("channels of zeros, an outlier, samples of zeros", "[quant][edge]") {
  const Dataset data = samples(4, 64);
  for (const bool learned : {false, true}) {
    Network<Two> student = kd::test::lively<Two>();
    student.layer<1>().weight().row(0).setZero();
    student.layer<3>().weight()(1, 2) = 1000;
    auto aware = fake_quantize(student, data, {.learned_scales = learned});
    fit(aware, data, CrossEntropy{}, Adam{{.lr = 1e-4}}, {});
    CHECK(aware.predict(data.inputs()).allFinite());
    check_agrees(aware, data, 0.9);
    const Dataset zeros(Matrix<float>::Zero(4, 8));
    CHECK(fake_quantize(student, zeros, {.learned_scales = learned})
              .predict(data.inputs())
              .allFinite());
  }
}

TEST_CASE("bits from 2 to 8", "[quant][errors]") {
  const Network<Two> student(Rng(1));
  const Dataset data = samples(4, 8);
  CHECK_THROWS_AS(fake_quantize(student, data, {.weight_bits = 9, .outer_weight_bits = 9}),
                  ConfigError);
  CHECK_THROWS_AS(fake_quantize(student, data, {.activation_bits = 1}), ConfigError);
  CHECK_THROWS_AS(fake_quantize(student, data, {.outer_weight_bits = 0}), ConfigError);
  CHECK_THROWS_AS(fake_quantize(student, data, {.averaging = 0}), ConfigError);
  CHECK_THROWS_AS(fake_quantize(student, samples(5, 8)), ShapeError);
}
