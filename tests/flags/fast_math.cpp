// SPDX-License-Identifier: MIT
//
// Under -ffast-math compilers may take it that no number is NaN or infinite: what kd refuses
// without it must be refused all the same.
#include <bit>
#include <cmath>
#include <cstdio>
#include <functional>

#include "kd/distill.hpp"
#include "kd/testing/check_layer.hpp"
#include "kd/testing/check_loss.hpp"

using namespace kd;

namespace {

// From memory that may change, so that no compiler knows them.
volatile std::uint64_t nan_bits = 0x7FF8'0000'0000'0000;
volatile std::uint64_t infinity_bits = 0x7FF0'0000'0000'0000;
volatile std::uint32_t float_nan_bits = 0x7FC0'0000;
volatile std::uint32_t float_infinity_bits = 0x7F80'0000;

double not_a_number() { return std::bit_cast<double>(std::uint64_t{nan_bits}); }
double infinite() { return std::bit_cast<double>(std::uint64_t{infinity_bits}); }
float nan_float() { return std::bit_cast<float>(std::uint32_t{float_nan_bits}); }
float infinite_float() { return std::bit_cast<float>(std::uint32_t{float_infinity_bits}); }

int failures = 0;

void expect(bool held, const char* what) {
  if (held) return;
  ++failures;
  std::printf("not so: %s\n", what);
}

template <class Error>
void refuses(const char* what, const std::function<void()>& work) {
  try {
    work();
  } catch (const Error&) {
    return;
  }
  expect(false, what);
}

using Net = Sequential<Linear<6, 5>, ReLU, Linear<5, 3>>;

Matrix<float> inputs() {
  Matrix<float> x(6, 40);
  Rng rng(1);
  for (Index i = 0; i < x.size(); ++i) x.data()[i] = rng.symmetric(1.F);
  return x;
}

Labels labels() {
  Labels y(40);
  for (Index i = 0; i < y.size(); ++i) y(i) = static_cast<Label>(i % 3);
  return y;
}

void options() {
  for (const double bad : {not_a_number(), infinite(), -infinite()}) {
    refuses<ConfigError>("Adam: lr", [=] { Adam({.lr = bad}); });
    refuses<ConfigError>("Adam: beta1", [=] { Adam({.beta1 = bad}); });
    refuses<ConfigError>("Adam: beta2", [=] { Adam({.beta2 = bad}); });
    refuses<ConfigError>("Adam: eps", [=] { Adam({.eps = bad}); });
    refuses<ConfigError>("Adam: weight_decay", [=] { Adam({.weight_decay = bad}); });
    refuses<ConfigError>("Sgd: lr", [=] { Sgd({.lr = bad}); });
    refuses<ConfigError>("Sgd: momentum", [=] { Sgd({.momentum = bad}); });
    refuses<ConfigError>("Sgd: weight_decay", [=] { Sgd({.weight_decay = bad}); });
    refuses<ConfigError>("Dropout: p", [=] { Dropout{bad}; });
    refuses<ConfigError>("LeakyReLU: negative_slope", [=] { LeakyReLU{bad}; });
    refuses<ConfigError>("LayerNorm: eps", [=] { LayerNorm<3>({.eps = bad}); });
    refuses<ConfigError>("LabelSmoothing", [=] { LabelSmoothing({.smoothing = bad}); });
    refuses<ConfigError>("KlDivergence", [=] { KlDivergence({.temperature = bad}); });
    refuses<ConfigError>("SoftTargets: temperature", [=] { SoftTargets({.temperature = bad}); });
    refuses<ConfigError>("SoftTargets: hard_weight", [=] { SoftTargets({.hard_weight = bad}); });
    refuses<ConfigError>("GeneralizedJsd: beta", [=] { GeneralizedJsd({.beta = bad}); });
    refuses<ConfigError>("LinearRamp", [=] { LinearRamp({.from = bad}); });
    refuses<ConfigError>("StepSchedule", [=] { StepSchedule({.factor = bad}); });
    refuses<ConfigError>("CosineSchedule", [=] { CosineSchedule({.final_factor = bad}); });
    refuses<ConfigError>("VirtualTeacher",
                         [=] { VirtualTeacher<>(3, {.correct_probability = bad}); });
    refuses<ConfigError>("AdversarialTemperature", [=] { AdversarialTemperature({.theta = bad}); });
  }
}

void data() {
  for (const float bad : {nan_float(), infinite_float(), -infinite_float()}) {
    for (const Index at : {0, 121, 239}) {
      Matrix<float> x = inputs();
      x.data()[at] = bad;
      refuses<DataError>("an input", [&] { Dataset(x, labels()); });
      refuses<DataError>("a logit", [&] { CachedTeacher{x}; });
    }
  }
  for (const double bad : {not_a_number(), infinite(), -infinite(), 1e300}) {
    Matrix<double> x = inputs().cast<double>();
    x(3, 17) = bad;
    refuses<DataError>("an input in double", [&] { Dataset(x, labels()); });
  }
}

/// Trains on a loss whose gradient has a bad number in one step.
struct BadLoss {
  float bad;
  template <Real S, class Space>
  using Target = LabelTarget<S, Space>;
  template <Real S, class Space>
  void accumulate(const LossStep<S, Space, LabelTarget<S, Space>>& step) const {
    CrossEntropy{}.accumulate(step);
    if constexpr (std::is_same_v<S, float>) step.dlogits.data[step.dlogits.size() - 1] = bad;
  }
};

void training() {
  const Dataset samples(inputs(), labels());
  const auto fails = [&](const char* what, const auto& loss, const FitOptions& how) {
    Network<Net> network(Rng(0));
    const Vector<float> before = map(network.params());
    refuses<NumericError>(what, [&] { fit(network, samples, loss, Adam{}, how); });
    expect(map(network.params()) == before, "the weights are those before");
  };
  for (const float bad : {nan_float(), infinite_float(), -infinite_float()}) {
    fails("a gradient", BadLoss{bad}, {.batch_size = 40});
    fails("a gradient that is clipped", BadLoss{bad}, {.batch_size = 40, .max_grad_norm = 1});
  }
  Network<Net> network(Rng(0));
  const auto with = [&](const FitOptions& how) {
    fit(network, samples, CrossEntropy{}, Adam{}, how);
  };
  refuses<ConfigError>("max_grad_norm", [&] { with({.max_grad_norm = not_a_number()}); });
  refuses<ConfigError>("max_grad_norm", [&] { with({.max_grad_norm = -infinite()}); });
  refuses<ConfigError>("schedule",
                       [&] { with({.schedule = [](auto&) { return not_a_number(); }}); });
  refuses<ConfigError>("schedule", [&] { with({.schedule = [](auto&) { return infinite(); }}); });
  with({.max_grad_norm = infinite()});

  const Network<Net> teacher(Rng(1));
  Distiller distiller(teacher, network, SoftTargets({.temperature = [](const Progress& at) {
                        return at.step == 1 ? not_a_number() : 2.;
                      }}));
  refuses<ConfigError>("a temperature on the way", [&] { distiller.fit(samples, Adam{}); });
}

/// The checks of one's own layers and losses see a NaN, and nothing where there is none.
void checks() {
  testing::CheckReport report;
  const double good[] = {1, 2, 3};
  const double bad[] = {1, not_a_number(), 3};
  report.compare("good", {good, 3}, {good, 3}, 0);
  expect(report.passed(), "equal numbers agree");
  report.compare("bad", {bad, 3}, {good, 3}, 1);
  expect(!report.passed(), "a NaN agrees with nothing");
  const testing::CheckReport of_layer = testing::check_layer(Linear<4, 3>{});
  expect(of_layer.passed(), of_layer.message().c_str());
  const testing::CheckReport of_loss = testing::check_loss(CrossEntropy{});
  expect(of_loss.passed(), of_loss.message().c_str());
}

/// Kernels compute what they compute elsewhere, up to rounding.
void kernels() {
  for (const Index classes : {10, 300}) {
    Matrix<double> student(classes, 20), teacher(classes, 20);
    Rng rng(2);
    for (Index i = 0; i < student.size(); ++i) student.data()[i] = rng.symmetric(5.);
    for (Index i = 0; i < teacher.size(); ++i) teacher.data()[i] = rng.symmetric(5.);
    double expected = 0;
    for (Index b = 0; b < 20; ++b) {
      Vector<double> p = (teacher.col(b) / 4).array().exp();
      Vector<double> q = (student.col(b) / 4).array().exp();
      p /= p.sum();
      q /= q.sum();
      expected += 16. / 20 * (p.array() * (p.array() / q.array()).log()).sum();
    }
    const KlDivergence loss({.temperature = 4});
    const double in_double = loss(student, teacher).value;
    expect(std::abs(in_double - expected) < 1e-9 * expected, "KlDivergence in double");
    const double in_float = loss(student.cast<float>(), teacher.cast<float>()).value;
    expect(std::abs(in_float - expected) < 1e-4 * expected, "KlDivergence in float");
  }
  Vector<double> x(5), y(5);
  x << 1e-9, -0.02, 0.4, -3, 30;
  const auto is_near = [&](const char* what, double (*exact)(double)) {
    for (Index i = 0; i < x.size(); ++i)
      expect(std::abs(y(i) - exact(x(i))) <= 1e-14 * std::abs(exact(x(i))), what);
  };
  op_activation_forward<activation::Tanh, double>(cpu::Space(), {}, view(x), view(y));
  is_near("Tanh", [](double at) { return std::tanh(at); });
  op_activation_forward<activation::GELU, double>(cpu::Space(), {}, view(x), view(y));
  is_near("GELU", [](double at) { return at * std::erfc(-at * std::sqrt(0.5)) / 2; });
}

}  // namespace

int main() {
  options();
  data();
  training();
  checks();
  kernels();
  return failures == 0 ? 0 : 1;
}
