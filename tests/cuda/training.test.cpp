// SPDX-License-Identifier: MIT
#include <limits>

#include "cuda/twin.hpp"
#include "support/catch.hpp"

using kd::Index;

namespace {

using Teacher = kd::Sequential<kd::Linear<20, 33>, kd::Dropout, kd::ReLU, kd::Linear<33, 10>>;
using Student =
    kd::Sequential<kd::Linear<20, 16>, kd::ReLU, kd::Linear<16, 12>, kd::ReLU, kd::Linear<12, 10>>;

/// 203 samples: with batches of 32 the last one is smaller.
kd::Dataset random_bytes() {
  kd::Rng rng(3);
  kd::Bytes inputs(20, 203);
  kd::Labels labels(203);
  for (Index i = 0; i < inputs.size(); ++i)
    inputs.data()[i] = static_cast<std::uint8_t>(rng.below(256));
  for (Index i = 0; i < labels.size(); ++i) labels(i) = static_cast<kd::Label>(rng.below(10));
  return kd::Dataset(std::move(inputs), std::move(labels), 10);
}

template <class Architecture, class Space>
double distance(const kd::Network<Architecture, kd::cpu::Space>& host,
                const kd::Network<Architecture, Space>& device) {
  const auto copy = kd::download(device);
  const auto h = kd::map(host.params());
  return (h - kd::map(copy.params())).norm() / h.norm();
}

const kd::Adam adam{{.lr = 1e-2, .weight_decay = 0.01}};

}  // namespace

TEST_CASE("CUDA: a network goes to the device and comes back as it was", "[cuda]") {
  const kd::Network<Student> host(kd::Rng(1));
  const auto device = kd::upload(host);
  CHECK(distance(host, device) == 0);
}

TEST_CASE("CUDA: the same seed gives the same first weights on the device", "[cuda]") {
  const kd::Network<Student> host(kd::Rng(7));
  const kd::Network<Student, kd::cuda::Space> device(kd::Rng(7));
  CHECK(distance(host, device) == 0);
}

TEST_CASE("CUDA: training and distilling end with the CPU's weights", "[cuda]") {
  const bool capture = GENERATE(false, true);
  const Index resident_bytes = GENERATE(-1, 0);
  const double max_norm = GENERATE(std::numeric_limits<double>::infinity(), 0.5);
  CAPTURE(capture, resident_bytes, max_norm);
  const kd::Dataset data = random_bytes();
  const kd::FitOptions options{.epochs = 3,
                               .batch_size = 32,
                               .schedule = kd::CosineSchedule{},
                               .max_grad_norm = max_norm,
                               .capture_step = capture};
  kd::Network<Teacher> teacher(kd::Rng(1));
  kd::Network<Student> student(kd::Rng(2));
  const kd::cuda::Space space(kd::cuda::SpaceOptions{.resident_bytes = resident_bytes});
  auto device_teacher = kd::upload(teacher, space);
  auto device_student = kd::upload(student, space);

  const auto report = kd::fit(teacher, data, kd::CrossEntropy{}, adam, options);
  const auto device_report = kd::fit(device_teacher, data, kd::CrossEntropy{}, adam, options);
  CHECK(distance(teacher, device_teacher) < 1e-4);
  for (std::size_t i = 0; i < report.epochs.size(); ++i)
    CHECK(device_report.epochs[i].loss == Approx(report.epochs[i].loss).epsilon(1e-5));

  kd::Distiller distiller(teacher, student, kd::SoftTargets{{.temperature = 3}});
  kd::Distiller device_distiller(device_teacher, device_student,
                                 kd::SoftTargets{{.temperature = 3}});
  const auto terms = distiller.fit(data, adam, options).epochs.back().terms;
  const auto device_terms = device_distiller.fit(data, adam, options).epochs.back().terms;
  CHECK(distance(student, device_student) < 1e-4);
  for (std::size_t i = 0; i < terms.size(); ++i) {
    CHECK(device_terms[i].name == terms[i].name);
    CHECK(device_terms[i].value == Approx(terms[i].value).epsilon(1e-4));
  }

  const auto evaluation = kd::evaluate(student, data, {.batch_size = 50});
  const auto device_evaluation = kd::evaluate(device_student, data, {.batch_size = 50});
  CHECK(device_evaluation.errors == evaluation.errors);
  CHECK(device_evaluation.loss == Approx(evaluation.loss).epsilon(1e-4));
}

TEST_CASE("CUDA: SGD, cached logits and inputs that are floats", "[cuda]") {
  const Index resident_bytes = GENERATE(-1, 0);
  CAPTURE(resident_bytes);
  const kd::Dataset bytes = random_bytes();
  const kd::Dataset data(bytes.inputs(), kd::Labels(kd::map(bytes.labels())), 10);
  const kd::Sgd sgd{{.lr = 0.1, .momentum = 0.9, .nesterov = true}};
  const kd::FitOptions options{.epochs = 2, .batch_size = 50};
  const kd::Network<Teacher> teacher(kd::Rng(1));
  kd::Network<Student> student(kd::Rng(2));
  const kd::cuda::Space space(kd::cuda::SpaceOptions{.resident_bytes = resident_bytes});
  const auto device_teacher = kd::upload(teacher, space);
  auto device_student = kd::upload(student, space);

  const kd::CachedTeacher cached(teacher, data);
  const kd::CachedTeacher device_cached(device_teacher, data);
  kd::Distiller distiller(cached, student, kd::SoftTargets{});
  kd::Distiller device_distiller(device_cached, device_student, kd::SoftTargets{});
  distiller.fit(data, sgd, options);
  device_distiller.fit(data, sgd, options);
  CHECK(distance(student, device_student) < 1e-4);
}

TEST_CASE("CUDA: training with bounded units is the CPU's", "[cuda]") {
  const kd::Dataset data = random_bytes();
  const kd::MaxNorm bounded(kd::Sgd{{.lr = 0.5, .momentum = 0.9}}, {.max_norm = 0.7});
  kd::Network<Student> host(kd::Rng(2));
  auto device = kd::upload(host);
  kd::fit(host, data, kd::CrossEntropy{}, bounded, {.batch_size = 50});
  kd::fit(device, data, kd::CrossEntropy{}, bounded, {.batch_size = 50});
  CHECK(distance(host, device) < 1e-4);
  CHECK(host.layer<1>().weight().rowwise().norm().maxCoeff() == Approx(0.7));
}

TEST_CASE("CUDA: a step that goes wrong is named exactly, and its weights stay", "[cuda]") {
  const bool capture = GENERATE(false, true);
  CAPTURE(capture);
  const kd::Dataset data = random_bytes();
  // A rate that blows up after some steps: the CPU says when.
  const kd::Sgd wild{{.lr = 1e12}};
  const kd::FitOptions options{.epochs = 3, .batch_size = 32, .capture_step = capture};
  kd::Network<Student> host(kd::Rng(2));
  auto device = kd::upload(host);
  const auto failure = [&](auto& network) {
    try {
      kd::fit(network, data, kd::CrossEntropy{}, wild, options);
    } catch (const kd::NumericError& error) {
      return error;
    }
    FAIL("no NumericError");
    return kd::NumericError(0, 0, "");
  };
  const kd::NumericError expected = failure(host);
  const kd::NumericError got = failure(device);
  CHECK(got.epoch == expected.epoch);
  CHECK(got.step == expected.step);
  CHECK(got.tensor == expected.tensor);
  CHECK(kd::map(kd::download(device).params()).allFinite());
}

namespace {

/// An optimizer that knows nothing of looking ahead, nor of the guard.
struct OwnOptimizer {
  template <kd::Real S, class Space = kd::cpu::Space>
  struct State {};

  double lr() const { return 0.1; }
  template <kd::Real S, class Space>
  State<S, Space> make_state(Index, const Space&) const {
    return {};
  }
  template <kd::Real S, class Space>
  void step(const Space& space, State<S, Space>&, kd::VectorView<S, Space> params,
            kd::VectorView<const S, Space> grads, double factor, kd::Guard<Space>) const {
    op_scale(space, grads, static_cast<S>(-0.1 * factor), params, kd::Write::add);
  }
};

}  // namespace

TEST_CASE("CUDA: a step that would overflow is not done, and is named as on the CPU", "[cuda]") {
  const bool capture = GENERATE(false, true);
  const Index good_steps = GENERATE(0, 3, 9);  // of 10: the first, one on the way, the last
  CAPTURE(capture, good_steps);
  const kd::Dataset data = random_bytes();
  const auto check = [&](const auto& optimizer) {
    const auto train = [&](auto& network, Index steps) {
      kd::fit(network, data, kd::CrossEntropy{}, optimizer,
              {.epochs = steps / 5,
               .batch_size = 50,
               .schedule = [&](const kd::Progress& p) { return p.step == good_steps ? 1e300 : 1; },
               .capture_step = capture});
    };
    const auto failure = [&](auto& network) -> std::string {
      try {
        train(network, 10);
      } catch (const kd::NumericError& error) {
        return error.what();
      }
      return "no NumericError";
    };
    kd::Network<Student> host(kd::Rng(2));
    auto device = kd::upload(host);
    const auto expected = failure(host);
    CHECK_THAT(expected, ContainsSubstring("update of layer 1 weight"));
    CHECK(failure(device) == expected);
    CHECK(distance(host, device) < 1e-6);
    if (good_steps == 0) CHECK(distance(kd::Network<Student>(kd::Rng(2)), device) == 0);
  };
  check(kd::Adam{});
  check(kd::Sgd{{.lr = 0.1, .momentum = 0.9}});
  check(OwnOptimizer{});
}

TEST_CASE("CUDA: reports of every step are the CPU's", "[cuda]") {
  const kd::Dataset data = random_bytes();
  kd::Network<Student> host(kd::Rng(2));
  auto device = kd::upload(host);
  std::vector<double> losses, device_losses;
  const auto options = [](std::vector<double>& to) {
    return kd::FitOptions{.batch_size = 50,
                          .on_step = [&](const kd::StepReport& r) { to.push_back(r.loss); }};
  };
  kd::fit(host, data, kd::CrossEntropy{}, adam, options(losses));
  kd::fit(device, data, kd::CrossEntropy{}, adam, options(device_losses));
  REQUIRE(device_losses.size() == losses.size());
  for (std::size_t i = 0; i < losses.size(); ++i)
    CHECK(device_losses[i] == Approx(losses[i]).epsilon(1e-5));
}

TEST_CASE("CUDA: inputs are changed on the CPU alone", "[cuda]") {
  kd::Network<Student, kd::cuda::Space> device(kd::Rng(1));
  const auto keep = [](const kd::AugmentedBatch&) {};
  CHECK_THROWS_WITH(kd::fit(device, random_bytes(), kd::CrossEntropy{}, adam, {.augment = keep}),
                    "FitOptions: augment needs a network in float on the CPU");
  CHECK_THROWS_WITH(
      kd::fit(device, random_bytes(), kd::CrossEntropy{}, adam, {.second_view = keep}),
      "FitOptions: second_view needs a network in float on the CPU");
}

TEST_CASE("CUDA: networks in double", "[cuda]") {
  const kd::Dataset data = random_bytes();
  kd::Network<Student, kd::cpu::Space, double> host(kd::Rng(2));
  auto device = kd::upload(host);
  kd::fit(host, data, kd::CrossEntropy{}, adam, {.batch_size = 50});
  kd::fit(device, data, kd::CrossEntropy{}, adam, {.batch_size = 50});
  const auto copy = kd::download(device);
  CHECK((kd::map(host.params()) - kd::map(copy.params())).norm() < 1e-12);
}

TEST_CASE("CUDA: training that is validated, kept and gone on with is the CPU's", "[cuda]") {
  const kd::Dataset data = random_bytes();
  const kd::Adam spares{{.lr = 1e-2, .weight_decay = 1, .decay_biases = false}};
  const kd::FitOptions options{
      .epochs = 2, .batch_size = 50, .validation = data, .patience = 1, .keep_best = true};
  kd::Network<Student> host(kd::Rng(2));
  auto device = kd::upload(host);
  kd::TrainingState<kd::Adam> state;
  kd::TrainingState<kd::Adam, float, kd::cuda::Space> device_state;
  for (int i = 0; i < 2; ++i) {
    const auto report = kd::fit(host, data, kd::CrossEntropy{}, spares, options, state);
    const auto device_report =
        kd::fit(device, data, kd::CrossEntropy{}, spares, options, device_state);
    CHECK(device_report.stopped == report.stopped);
    CHECK(device_report.best().epoch == report.best().epoch);
    CHECK(device_report.best().validation->loss ==
          Approx(report.best().validation->loss).epsilon(1e-4));
    CHECK(device_state.steps() == state.steps());
    CHECK(distance(host, device) < 1e-4);
  }

  // A step that fails is the same one, counted on, and the state knows those before it.
  const Index before = state.steps();
  kd::FitOptions breaks = options;
  breaks.schedule = [&](const kd::Progress& p) { return p.step == before + 7 ? 1e300 : 1; };
  const auto failure = [&](auto& network, auto& of) -> std::string {
    try {
      kd::fit(network, data, kd::CrossEntropy{}, spares, breaks, of);
    } catch (const kd::NumericError& error) {
      return error.what();
    }
    return "no NumericError";
  };
  const auto expected = failure(host, state);
  CHECK_THAT(expected, ContainsSubstring("step 3: update of layer 1 weight"));
  CHECK(failure(device, device_state) == expected);
  CHECK(state.steps() == before + 7);
  CHECK(device_state.steps() == before + 7);
}
