// SPDX-License-Identifier: MIT
#include "kd/train/safe_step.hpp"

#include <cmath>
#include <limits>

#include "kd/distill/distiller.hpp"
#include "kd/loss/cross_entropy.hpp"
#include "kd/methods/hint.hpp"
#include "kd/optim/adam.hpp"
#include "kd/optim/sgd.hpp"
#include "kd/schemes/mutual_learning.hpp"
#include "kd/train/fit.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;

namespace {

using Net = Sequential<Linear<6, 8>, ReLU, Linear<8, 3>>;

Dataset samples(float scale = 1, Index count = 20) {
  Labels y(count);
  for (Index i = 0; i < count; ++i) y(i) = static_cast<Label>(i % 3);
  return {Matrix<float>(scale * kd::test::random_matrix<float>(6, count, 1)), y, 3};
}

template <class N>
Vector<float> weights(const N& trained) {
  return map(VectorView<const float>(trained.params()));
}

/// The message of the `NumericError` that `run` ends with, up to what is not finite.
template <class Run>
std::string failure(Run&& run) {
  try {
    run();
  } catch (const NumericError& error) {
    const std::string end = " is not finite; the network keeps the weights of the step before";
    const std::string message = error.what();
    CHECK_THAT(message, EndsWith(end));
    return message.substr(0, message.size() - end.size());
  }
  return {};
}

/// Gradient descent by somebody who knows nothing of looking ahead, nor of the guard.
struct OwnOptimizer {
  template <Real S, class Space = cpu::Space>
  struct State {};

  double rate;

  double lr() const { return rate; }
  template <Real S, class Space>
  State<S, Space> make_state(Index, const Space&) const {
    return {};
  }
  template <Real S, class Space>
  void step(const Space&, State<S, Space>&, VectorView<S, Space> params,
            VectorView<const S, Space> grads, double factor, Guard<Space>) const {
    map(params) -= static_cast<S>(rate * factor) * map(grads);
  }
};
static_assert(Optimizer<OwnOptimizer> && !LooksAhead<OwnOptimizer>);

/// An optimizer that is told to note when it is asked.
struct Watched : Sgd {
  using Sgd::Sgd;

  template <Real S, class Space>
  void measure(const Space& space, State<S, Space>& state, VectorView<const S, Space> params,
               VectorView<std::int32_t, Space> careful) const {
    ++*measured;
    Sgd::measure(space, state, params, careful);
  }
  template <Real S, class Space>
  void look_ahead(const Space& space, State<S, Space>& state, VectorView<S, Space> params,
                  VectorView<const S, Space> grads, double factor,
                  const Lookout<Space>& lookout) const {
    ++*looked;
    Sgd::look_ahead(space, state, params, grads, factor, lookout);
  }

  int* measured = nullptr;
  int* looked = nullptr;
};
static_assert(LooksAhead<Watched>);

/// Two blocks of parameters with gradients as a test wants them.
template <class S, class O>
struct TwoBlocks {
  using Scalar = S;

  explicit TwoBlocks(const O& optimizer)
      : states{optimizer.template make_state<S>(3, cpu::Space{}),
               optimizer.template make_state<S>(5000, cpu::Space{})} {
    for (auto& params : blocks) params.setOnes();
    for (auto& grads : gradients) grads.setOnes();
  }

  template <class F>
  void for_each_block(F&& f) {
    for (std::size_t k = 0; k < 2; ++k) f(view(blocks[k]), view(gradients[k]), states[k]);
  }
  std::string blame() const { return {}; }
  std::string tensor_at(Index at) const { return detail::text("parameter ", at); }

  std::array<Vector<S>, 2> blocks{Vector<S>(3), Vector<S>(5000)};
  std::array<Vector<S>, 2> gradients = blocks;
  std::array<typename O::template State<S, cpu::Space>, 2> states;
};

/// One optimizer and its two blocks, stepped by hand.
template <class S, class O>
struct Bench {
  O optimizer;
  double max_norm = std::numeric_limits<double>::infinity();
  TwoBlocks<S, O> all{optimizer};
  cpu::Space space{};
  detail::SafeStep<cpu::Space, TwoBlocks<S, O>, O> safe{all, optimizer, max_norm, space};
  double total = 1;

  /// What went wrong, or nothing.
  std::string step(double factor = 1) {
    safe.run({&total, 1}, factor);
    return safe.went_wrong() ? safe.blame({&total, 1}) : std::string();
  }
};

}  // namespace

TEST_CASE("a step that would leave weights that are not finite is not done, the last one too",
          "[train][safe_step]") {
  const int good_steps = GENERATE(0, 1, 2);
  const Index batch_size = 20;
  const FitOptions options{
      .epochs = good_steps + 1, .batch_size = batch_size, .schedule = [&](const Progress& p) {
        return p.step == good_steps ? 1e300 : 1e-2;
      }};
  const auto check = [&](const auto& optimizer) {
    const Dataset data = samples();
    Network<Net> expected(Rng(0));
    if (good_steps > 0) {
      FitOptions before = options;
      before.epochs = good_steps;
      fit(expected, data, CrossEntropy{}, optimizer, before);
    }
    Network<Net> network(Rng(0));
    CHECK(failure([&] { fit(network, data, CrossEntropy{}, optimizer, options); }) ==
          detail::text("epoch ", good_steps + 1, ", step 1: update of layer 1 weight"));
    CHECK(weights(network) == weights(expected));
  };
  check(Adam{{.lr = 0.1}});
  check(Adam{{.lr = 0.1, .weight_decay = 0.1}});
  check(Sgd{{.lr = 0.1}});
  check(Sgd{{.lr = 0.1, .momentum = 0.9, .weight_decay = 0.1, .nesterov = true}});
  check(OwnOptimizer{0.1});
}

TEST_CASE("rates and inputs that overflow change nothing", "[train][safe_step]") {
  const auto run = [](float scale, const auto& optimizer) {
    Network<Net> network(Rng(0));
    const Vector<float> before = weights(network);
    const std::string said =
        failure([&] { fit(network, samples(scale), CrossEntropy{}, optimizer, {.epochs = 1}); });
    CHECK(weights(network) == before);
    return said;
  };
  CHECK(run(1, Adam{{.lr = 1e38}}) == "epoch 1, step 1: update of layer 1 weight");
  CHECK(run(1000, Sgd{{.lr = 3e38}}) == "epoch 1, step 1: update of layer 1 weight");
  CHECK(run(1e30F, Adam{}) == "epoch 1, step 1: update of layer 1 weight");  // its second moment
}

TEST_CASE("what methods and other students train keeps its weights as well", "[train][safe_step]") {
  const Dataset data = samples();
  const Network<Net> teacher(Rng(1));
  Network<Net> student(Rng(2));
  Distiller distiller(teacher, student, Hint<1, 1>{});
  distiller.fit(data, Adam{}, {});
  const Vector<float> before = weights(student);
  const Vector<float> regressor = weights(distiller.state<0>().regressor);
  CHECK(failure([&] { distiller.fit(data, Adam{{.lr = 1e38}}, {}); }) ==
        "epoch 1, step 1: update of layer 1 weight");
  CHECK(weights(student) == before);
  CHECK(weights(distiller.state<0>().regressor) == regressor);

  Network<Net> second(Rng(2));
  Network<Net> third(Rng(3));
  MutualLearning mutual(MutualLearningOptions{}, second, third);
  const Vector<float> of_second = weights(second), of_third = weights(third);
  CHECK(failure([&] { mutual.fit(data, Adam{{.lr = 1e38}}, {}); }) ==
        "epoch 1, step 1: update of layer 1 weight of student 1");
  CHECK(weights(second) == of_second);
  CHECK(weights(third) == of_third);
}

TEMPLATE_TEST_CASE("all blocks are stepped or none, and the first bad parameter is named",
                   "[train][safe_step]", float, double) {
  using S = TestType;
  const auto check = [](auto bench) {
    CHECK(bench.step().empty());
    const auto before = bench.all.blocks;
    CHECK(before[0] != Vector<S>::Ones(3));
    bench.all.gradients[1](4321) = std::numeric_limits<S>::max() / 2;
    bench.all.gradients[1](4322) = -std::numeric_limits<S>::max() / 2;
    CHECK(bench.step(1e3) == "update of parameter 4324");
    CHECK(bench.all.blocks == before);
    bench.all.gradients[1].setOnes();
    CHECK(!bench.step().empty());  // a guard that is up stays up
    CHECK(bench.all.blocks == before);
    CHECK(bench.safe.good_steps() == 1);
  };
  check(Bench<S, Sgd>{Sgd{{.lr = 0.1}}});
  check(Bench<S, Sgd>{Sgd{{.lr = 0.1, .momentum = 0.9}}});
  check(Bench<S, OwnOptimizer>{OwnOptimizer{0.1}});
}

TEMPLATE_TEST_CASE("a moment that overflows is found before it is stored", "[train][safe_step]",
                   float, double) {
  using S = TestType;
  const S root = std::sqrt(std::numeric_limits<S>::max());
  Bench<S, Adam> bench{Adam{}};
  bench.all.gradients[0].setConstant(20 * root);  // its square overflows, a thousandth does not
  CHECK(bench.step().empty());
  for (const S p : bench.all.blocks[0]) CHECK(p == Approx(1 - 1e-3).epsilon(1e-5));
  CHECK(bench.all.states[0].v.view().data[0] == Approx(0.4 * std::numeric_limits<S>::max()));
  bench.all.gradients[0](1) = 40 * root;
  const auto before = bench.all.blocks;
  CHECK(bench.step() == "update of parameter 1");
  CHECK(bench.all.blocks == before);
  CHECK(bench.all.states[0].v.view().data[1] == Approx(0.4 * std::numeric_limits<S>::max()));
}

TEST_CASE("gradients of any size are clipped to the norm", "[train][safe_step]") {
  for (const float size : {1.F, 1e10F, 1e18F, 1e20F, 1e35F}) {
    Bench<float, Sgd> bench{Sgd{{.lr = 1}}, 0.5};
    for (int step = 1; step <= 2; ++step) {  // the norm of each step by itself
      for (auto& gradients : bench.all.gradients) gradients.setConstant(size);
      CHECK(bench.step().empty());
      const double moved = step * 0.5 / std::sqrt(5003.);
      for (const auto& block : bench.all.blocks) {
        CHECK(block.minCoeff() == Approx(1 - moved).epsilon(1e-6));
        CHECK(block.maxCoeff() == Approx(1 - moved).epsilon(1e-6));
      }
    }
  }
  Bench<double, Sgd> bench{Sgd{{.lr = 1}}, 0.5};
  bench.all.gradients[1].setConstant(1e200);  // finite; its square is not
  const auto before = bench.all.blocks;
  CHECK(bench.step() == "norm of the gradients");
  CHECK(bench.all.blocks == before);
}

TEST_CASE("an ordinary step is not looked at", "[train][safe_step]") {
  int measured = 0;
  int looked = 0;
  Watched optimizer{{.lr = 1e-3, .momentum = 0.9}};
  optimizer.measured = &measured;
  optimizer.looked = &looked;
  Bench<float, Watched> bench{optimizer};
  bench.safe.begin_epoch();
  CHECK(measured == 2);  // blocks
  for (int i = 0; i < 100; ++i) {
    CHECK(bench.step().empty());
    bench.safe.begin_epoch();
  }
  CHECK(measured == 2);
  CHECK(looked == 0);
  bench.all.gradients[1](7) = 1e10F;
  CHECK(bench.step().empty());
  CHECK(looked == 2);
  bench.all.gradients[1].setOnes();
  CHECK(bench.step().empty());  // until somebody measures
  CHECK(looked == 4);
  for (int i = 0; i < 40; ++i) CHECK(bench.step().empty());
  looked = 0;
  bench.safe.begin_epoch();
  CHECK(measured == 4);
  CHECK(bench.step().empty());
  CHECK(looked == 0);
  CHECK(bench.step(1e300) == "update of parameter 0");
}

TEST_CASE("bounds hold for the largest gradients there may be, and for long", "[optim]") {
  const auto S = [](double x) { return static_cast<float>(x); };
  detail::AdamBound adam;
  detail::SgdBound sgd;
  double p = detail::ordinary, u = 0, m = 0, v = 0;
  bool safe = true;
  for (int t = 1; t <= 100'000; ++t) {
    const AdamStep<float> a{.rate = S(0.1 / (1 - std::pow(0.9, t))),
                            .beta1 = 0.9F,
                            .gain1 = 0.1F,
                            .beta2 = 0.999F,
                            .gain2 = 1e-3F,
                            .eps = 1e-8F,
                            .root_scale = S(1 / std::sqrt(1 - std::pow(0.999, t))),
                            .decay = 1};
    m = 0.9 * m + 0.1 * detail::ordinary;
    v = 0.999 * v + 1e-3 * detail::ordinary * detail::ordinary;
    p += a.rate * m / (std::sqrt(v) * a.root_scale + a.eps);
    safe = safe && adam.advance(a) && m <= adam.m && v <= adam.v && p <= adam.params;
  }
  CHECK(safe);
  p = detail::ordinary;
  for (int t = 1; t <= 100'000; ++t) {
    const SgdStep<float> s{
        .rate = 0.1F, .momentum = 0.9F, .weight_decay = 0, .nesterov = true, .first = t == 1};
    u = 0.9 * u + detail::ordinary;
    p += 0.1 * (detail::ordinary + 0.9 * u);
    safe = safe && sgd.advance(s) && u <= sgd.velocity && p <= sgd.params;
  }
  CHECK(safe);
  const auto is_safe = [](float rate, float eps) {
    SgdStep<float> s{};
    s.rate = rate;
    AdamStep<float> a{};
    a.rate = rate;
    a.gain1 = 0.1F;
    a.eps = eps;
    const bool sgd_is_safe = detail::SgdBound{}.advance(s);
    if (eps > 0) CHECK(detail::AdamBound{}.advance(a) == sgd_is_safe);
    return sgd_is_safe && detail::AdamBound{}.advance(a);
  };
  CHECK(is_safe(1e10F, 1));
  CHECK_FALSE(is_safe(1e30F, 1));
  CHECK_FALSE(is_safe(std::numeric_limits<float>::infinity(), 1));
  CHECK_FALSE(is_safe(std::numeric_limits<float>::quiet_NaN(), 1));
  CHECK_FALSE(is_safe(1, 0));
}
