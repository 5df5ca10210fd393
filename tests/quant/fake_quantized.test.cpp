// SPDX-License-Identifier: MIT
//
// A fake-quantised network is one like any other: its training goes on from a checkpoint, it is
// saved and loaded, no step allocates, and threads change nothing.
#include "kd/quant/fake_quantized.hpp"

#include <utility>
#include <vector>

#include "kd/distill.hpp"
#include "kd/io.hpp"
#include "kd/quant/freeze_ranges.hpp"
#include "kd/quant/quantization_aware.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/exported_networks.hpp"
#include "support/interrupted.hpp"
#include "support/random_matrix.hpp"
#include "support/temporary_folder.hpp"
#include "support/threads.hpp"

using namespace kd;
using kd::test::error_of;
using kd::test::TemporaryFolder;

namespace {

using Two = Sequential<Linear<6, 5>, ReLU, Linear<5, 3>>;
using OfMaps =
    Sequential<Image<2, 8, 8>, Conv2d<8, 3, Window{.pad = 1}>, BatchNorm, ReLU, DepthwiseConv2d<3>,
               Residual<Conv2d<8, 1>>, ReLU6, AvgPool2d<2>, LayerNorm<72>, Linear<72, 3>>;

/// So large that loops are shared.
using Wide = Sequential<Linear<300, 200>, ReLU, Linear<200, 150>, HardSwish, Linear<150, 3>>;
using WideMaps = Sequential<Image<2, 16, 16>, Conv2d<16, 3, Window{.pad = 1}>, BatchNorm, ReLU,
                            DepthwiseConv2d<3>, Residual<Conv2d<16, 1>>, ReLU6, AvgPool2d<2>,
                            GlobalAvgPool, Linear<16, 3>>;

/// Ranges that run, and scales that are learned.
const FakeQuantizedOptions running{};
const FakeQuantizedOptions learned{
    .weight_bits = 4, .activation_bits = 4, .outer_weight_bits = 5, .learned_scales = true};

Dataset samples(Index features, Index count, std::uint64_t seed = 1) {
  return {test::random_matrix<float>(features, count, seed), test::random_labels(count, 3, seed),
          3};
}

template <class N>
Vector<float> all_of(const N& network) {
  return map(network.weights());
}

template <class Student>
Network<FakeQuantized<Student>> made(const FakeQuantizedOptions& options) {
  const Network<Student> student = kd::test::lively<Student>();
  return fake_quantize(student, samples(student.in_features(), 40, 9), options);
}

/// The same architecture with other numbers.
template <class Student>
Network<FakeQuantized<Student>> empty(const FakeQuantizedOptions& options) {
  return Network<FakeQuantized<Student>>(FakeQuantized<Student>(Student{}, options), Rng(4));
}

/// Freezes ranges late, beside what is told already.
template <class N>
FitOptions freezing(FitOptions options, N& network, double after) {
  options.on_step = [freeze = freeze_ranges_late(network, after),
                     tell = options.on_step](const StepReport& report) {
    freeze(report);
    return tell(report);
  };
  return options;
}

}  // namespace

TEMPLATE_TEST_CASE("its training goes on from a checkpoint, before and after ranges freeze",
                   "[quant][checkpoint]", Two, OfMaps) {
  const Network<TestType> teacher = kd::test::lively<TestType>();
  const Dataset data = samples(teacher.in_features(), 23);
  for (const FakeQuantizedOptions& options : {running, learned})
    for (const double after : {0.35, 2. / 3}) {  // in the middle of an epoch, both
      CAPTURE(options.learned_scales, after);
      kd::test::check_interrupted(
          {.epochs = 4, .batch_size = 5, .seed = 7, .schedule = CosineSchedule{}},
          [&](const FitOptions& given, FitReport& report) {
            auto aware = made<TestType>(options);
            Distiller distiller(teacher, aware, SoftTargets{});
            report = distiller.fit(data, Adam{{.lr = 0.02}}, freezing(given, aware, after));
            return all_of(aware);
          });
    }
}

TEST_CASE("ranges freeze at the step by which so much is done", "[quant]") {
  auto aware = made<Two>(running);
  const auto frozen = [&] { return std::as_const(aware).statistics().data[FakeQuantize::frozen]; };
  const auto first_of = [&](double after) {
    freeze_ranges(aware, false);
    CHECK(frozen() == 0);
    const auto freeze = freeze_ranges_late(aware, after);
    Index first = 0;
    for (Index i = 1; i <= 12; ++i) {
      freeze({.epoch = (i + 3) / 4, .epochs = 3, .step = (i - 1) % 4 + 1, .steps = 4});
      if (first == 0 && frozen() == 1) first = i;
    }
    return first;
  };
  CHECK(first_of(0) == 1);
  CHECK(first_of(0.5) == 6);
  CHECK(first_of(0.6) == 8);
  CHECK(first_of(1) == 12);
  CHECK_THROWS_AS(freeze_ranges_late(aware, -0.1), ConfigError);
  CHECK_THROWS_AS(freeze_ranges_late(aware, 1.1), ConfigError);
}

TEST_CASE("ranges that were frozen stay so when training goes on", "[quant][checkpoint]") {
  const Dataset data = samples(6, 23);
  const TemporaryFolder folder;
  auto aware = made<Two>(running);
  FitOptions given{.epochs = 4, .batch_size = 5, .checkpoint = {.file = folder.path("run")}};
  Vector<float> frozen;
  given.on_step = [&](const StepReport& report) {
    if (report.epoch == 2 && report.step == 3) freeze_ranges(aware);
    if (report.epoch == 2 && report.step == 3) frozen = map(std::as_const(aware).statistics());
    return report.epoch < 3;
  };
  CHECK(fit(aware, data, CrossEntropy{}, Adam{}, given).stopped == Stopped::callback);
  given.on_step = {};
  auto anew = made<Two>(running);  // whose ranges are not
  fit(anew, data, CrossEntropy{}, Adam{}, given);
  CHECK(Vector<float>(map(std::as_const(anew).statistics())) == frozen);
}

TEST_CASE("the checkpoint of a training with other bits is refused", "[quant][checkpoint]") {
  const Dataset data = samples(6, 23);
  const TemporaryFolder folder;
  const FitOptions given{.batch_size = 5, .checkpoint = {.file = folder.path("run")}};
  auto aware = made<Two>(learned);
  fit(aware, data, CrossEntropy{}, Adam{}, given);
  FakeQuantizedOptions other = learned;
  other.activation_bits = 3;
  auto narrow = made<Two>(other);
  const std::string message =
      error_of<ConfigError>([&] { fit(narrow, data, CrossEntropy{}, Adam{}, given); }).what();
  CHECK_THAT(message, ContainsSubstring("a checkpoint of another training") &&
                          ContainsSubstring("FakeQuantize(4 bits") &&
                          ContainsSubstring("FakeQuantize(3 bits"));
}

TEMPLATE_TEST_CASE("ranges and scales are saved and loaded, and the integers are the same",
                   "[quant][io]", Two, OfMaps) {
  const Dataset data = samples(Network<TestType>(Rng(1)).in_features(), 40);
  const TemporaryFolder folder;
  for (const FakeQuantizedOptions& options : {running, learned}) {
    auto aware = made<TestType>(options);
    fit(aware, data, CrossEntropy{}, Adam{},
        {.epochs = 2, .on_step = freeze_ranges_late(aware, 0.5)});
    save(aware, folder.path("aware.safetensors"));
    auto loaded = empty<TestType>(options);
    load(loaded, folder.path("aware.safetensors"));
    CHECK(all_of(loaded) == all_of(aware));
    const QuantizedNetwork before = quantize(aware);
    const QuantizedNetwork after = quantize(loaded);
    const auto x = before.quantize_inputs(data.inputs());
    CHECK(after.input_quantization() == before.input_quantization());
    CHECK(after.output_quantization() == before.output_quantization());
    CHECK(after.run(x) == before.run(x));
  }
}

TEST_CASE("files of other students are refused, and nothing is loaded", "[quant][io][errors]") {
  const TemporaryFolder folder;
  const std::string file = folder.path("x.safetensors");
  const auto refused = [&](const auto& from, auto to) {
    save(from, file);
    const Vector<float> before = all_of(to);
    const std::string message =
        error_of<ShapeError>([&] { load(to, file, {.ignore_more = true}); }).what();
    CHECK(all_of(to) == before);
    CHECK_THAT(message, ContainsSubstring("does not fit the model, and nothing was loaded:"));
    return message;
  };
  const Network<Two> student(Rng(1));
  CHECK_THAT(refused(student, made<Two>(running)),
             ContainsSubstring("missing: 0.low (1)") && ContainsSubstring("missing: 1.weight"));
  CHECK_THAT(refused(made<Two>(running), student), ContainsSubstring("missing: 0.weight (5, 6)"));
  CHECK_THAT(refused(made<Two>(running), made<Two>(learned)),
             ContainsSubstring("missing: 1.step5 (5)"));
  CHECK_THAT(refused(made<Two>(learned), made<Two>(running)),
             ContainsSubstring("missing: 3.low (1)"));
  // A scale belongs to its bits.
  FakeQuantizedOptions other = learned;
  other.outer_weight_bits = 4;
  CHECK_THAT(refused(made<Two>(learned), made<Two>(other)),
             ContainsSubstring("missing: 1.step4 (5)"));
  other = learned;
  other.activation_bits = 3;
  CHECK_THAT(refused(made<Two>(learned), made<Two>(other)), EndsWith("missing: 3.step3 (1)"));
}

TEST_CASE("a range is one of reals, and may be loaded for other bits", "[quant][io]") {
  const TemporaryFolder folder;
  const auto eight = made<Two>(running);
  save(eight, folder.path("8.safetensors"));
  auto four = empty<Two>({.weight_bits = 4, .activation_bits = 4, .outer_weight_bits = 4});
  load(four, folder.path("8.safetensors"));
  CHECK(all_of(four) == all_of(eight));
}

TEMPLATE_TEST_CASE("no step of it allocates after the first", "[quant][allocations]", Two, OfMaps) {
  if (!kd::test::counts_allocations()) return;
  for (const FakeQuantizedOptions& options : {running, learned}) {
    CAPTURE(options.learned_scales);
    auto aware = made<TestType>(options);
    const Dataset data = samples(aware.in_features(), 40);
    std::vector<Index> counts;
    counts.reserve(100);
    FitOptions given{.epochs = 3, .batch_size = 8};
    given.on_step = [&, freeze = freeze_ranges_late(aware)](const StepReport& report) {
      freeze(report);
      counts.push_back(kd::test::allocations());
    };
    fit(aware, data, CrossEntropy{}, Adam{}, given);
    REQUIRE(counts.size() == 15);
    for (std::size_t i = 1; i < counts.size(); ++i)  // between epochs there are reports
      if (i % 5 != 0) CHECK(counts[i] == counts[i - 1]);

    const Matrix<float> inputs = data.inputs();
    auto workspace = aware.make_workspace(40, Mode::inference);
    (void)aware.predict(inputs, workspace);
    const Index before = kd::test::allocations();
    (void)aware.predict(inputs, workspace);
    CHECK(kd::test::allocations() == before);
  }
}

TEMPLATE_TEST_CASE("any number of threads gives the same bits", "[quant][threads]", Wide,
                   WideMaps) {
  const Network<TestType> student = kd::test::lively<TestType>();
  const Dataset data = samples(student.in_features(), 64);
  for (const FakeQuantizedOptions& options : {running, learned}) {
    CAPTURE(options.learned_scales);
    const auto trained = [&](int threads) {
      const kd::test::Threads use(threads);
      auto aware = fake_quantize(student, data, options);
      fit(aware, data, CrossEntropy{}, Adam{{.lr = 1e-3}}, {.epochs = 2});
      return std::pair(all_of(aware), Matrix<float>(aware.predict(data.inputs())));
    };
    const auto one = trained(1);
    for (const int threads : {2, 3, 5}) CHECK(trained(threads) == one);
  }
}
