// SPDX-License-Identifier: MIT
#include "kd/testing/check_layer.hpp"

#include <cstdlib>

#include "kd/nn/linear.hpp"
#include "kd/nn/relu.hpp"
#include "support/catch.hpp"

using namespace kd;
using kd::testing::check_layer;

namespace {

/// A layer with one weight a feature, as a user may write it: `y = w x^2`.
struct Square : NoParameters {
  static constexpr Index static_in = 3;
  static constexpr Index static_out = 3;
  Index in_features() const { return 3; }
  Index out_features() const { return 3; }
  Index num_params() const { return 3; }
  Index cache_size(Index) const { return 0; }
  template <Real S>
  void init(VectorView<S> params, Rng rng) const {
    for (Index i = 0; i < params.size; ++i) params.data[i] = rng.symmetric(S(2));
  }

  template <Real S, class Space>
  void forward(const LayerForward<S, Space>& f) const {
    map(f.y) = map(f.params).asDiagonal() * map(f.x).cwiseAbs2();
  }
  template <Real S, class Space>
  void backward(const LayerBackward<S, Space>& b) const {
    write(map(b.dparams), map(b.x).cwiseAbs2().cwiseProduct(map(b.dy)).rowwise().sum().eval(),
          b.write_dparams);
    if (b.dx.empty()) return;
    write(map(b.dx), (map(b.params) * 2).asDiagonal() * map(b.x).cwiseProduct(map(b.dy)),
          b.write_dx);
  }

  template <class To, class From>
  static void write(To to, const From& from, Write how) {
    if (how == Write::overwrite) {
      to = from;
    } else {
      to += from;
    }
  }
};

enum class Mistake {
  none,
  input_gradient,
  parameter_gradient,
  always_overwrites,
  always_adds,
  needs_input_gradient,
  gives_input_gradient,
  ends_the_program,
  mixes_samples,
};

/// A layer that is wrong in one way.
template <Mistake M>
struct Wrong : Square {
  template <Real S, class Space>
  void forward(const LayerForward<S, Space>& f) const {
    Square::forward(f);
    if constexpr (M == Mistake::ends_the_program) std::abort();
    if constexpr (M == Mistake::mixes_samples) map(f.y).colwise() += map(f.x).col(0).eval();
  }

  template <Real S, class Space>
  void backward(const LayerBackward<S, Space>& given) const {
    LayerBackward<S, Space> b = given;
    if constexpr (M == Mistake::always_overwrites) b.write_dx = Write::overwrite;
    if constexpr (M == Mistake::always_adds) b.write_dparams = Write::add;
    if constexpr (M == Mistake::needs_input_gradient)
      if (b.dx.empty()) return;
    if constexpr (M == Mistake::gives_input_gradient)
      for (Index i = 0; i < b.x.size(); ++i) b.dx.data[i] = 0;
    Square::backward(b);
    if constexpr (M == Mistake::input_gradient)
      if (!b.dx.empty()) b.dx.data[1] *= S(1.01);
    if constexpr (M == Mistake::parameter_gradient) b.dparams.data[2] += S(0.01);
    if constexpr (M == Mistake::mixes_samples)
      if (!b.dx.empty()) map(b.dx).col(0) += map(b.dy).rowwise().sum();
  }
};

/// Does not do in inference what it says.
struct NotIdentity : ReLU {
  static constexpr bool identity_in_inference = true;
};

template <Mistake M>
std::string verdict() {
  const auto report = check_layer(Wrong<M>());
  CHECK_FALSE(report.passed());
  return report.message();
}

}  // namespace

TEST_CASE("check_layer passes a user's layer", "[testing][check_layer]") {
  const auto report = check_layer(Square());
  INFO(report.message());
  CHECK(report.passed());
  CHECK(check_layer(Wrong<Mistake::none>()).passed());
}

TEST_CASE("check_layer finds every kind of mistake and names it", "[testing][check_layer]") {
  CHECK_THAT(verdict<Mistake::input_gradient>(), ContainsSubstring("gradient of the inputs [1]"));
  CHECK_THAT(verdict<Mistake::parameter_gradient>(),
             ContainsSubstring("gradient of the parameters [2]"));
  CHECK_THAT(verdict<Mistake::always_overwrites>(),
             ContainsSubstring("backward twice: gradient of the inputs"));
  CHECK_THAT(verdict<Mistake::always_adds>(), ContainsSubstring("got nan"));
  CHECK_THAT(verdict<Mistake::needs_input_gradient>(),
             ContainsSubstring("without the inputs' gradient: gradient of the parameters"));
  CHECK_THAT(verdict<Mistake::gives_input_gradient>(),
             ContainsSubstring("without the inputs' gradient: whether the program outlives"));
  CHECK_THAT(verdict<Mistake::ends_the_program>(),
             ContainsSubstring("whether the program outlives forward and backward"));
  CHECK_THAT(verdict<Mistake::mixes_samples>(), ContainsSubstring("samples one by one: output"));
  CHECK_THAT(check_layer(NotIdentity()).message(), ContainsSubstring("output of inference"));
}

#if !defined(NDEBUG) && !defined(_WIN32)
TEST_CASE("an assertion of Eigen's is a finding of check_layer, not its end",
          "[testing][check_layer]") {
  /// Takes it for granted that its inputs' gradient is wanted.
  struct Generous : Square {
    void backward(const LayerBackward<double, cpu::Space>& b) const {
      Square::backward(b);
      map(b.dx) = map(b.dx).eval().array() + 0 * map(b.x).array();
    }
    void backward(const LayerBackward<float, cpu::Space>&) const {}
  };
  CHECK_THAT(check_layer(Generous()).message(), ContainsSubstring("outlives backward"));
}
#endif

TEST_CASE("check_layer takes numbers of one's own", "[testing][check_layer]") {
  kd::testing::CheckLayerOptions options;
  options.inputs = Matrix<double>::Constant(4, 2, 0.5);
  options.params = Vector<double>::LinSpaced(15, -1, 1);
  CHECK(check_layer(Linear<4, 3>(), options).passed());
  CHECK_THROWS_WITH((check_layer(Linear<5, 3>(), {.inputs = options.inputs})),
                    "check_layer: expected 5 input features, got 4");
  CHECK_THROWS_WITH((check_layer(Linear<4, 4>(), {.params = options.params})),
                    "check_layer: expected 20 parameters, got 15");
  CHECK_THROWS_AS(check_layer(ReLU(), {.batch = 0}), ConfigError);

  // At its kink ReLU has no derivative, and the check says so.
  CHECK_FALSE(check_layer(ReLU(), {.inputs = Matrix<double>::Zero(2, 2)}).passed());
}
