// SPDX-License-Identifier: MIT
//
// Infinities, NaN, the largest, the smallest and denormal numbers, at every place within vectors
// and behind the last whole one, against the same arithmetic in double.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "kd/cpu/ops/activation.hpp"
#include "kd/cpu/ops/adam.hpp"
#include "kd/cpu/ops/alpha_beta.hpp"
#include "kd/cpu/ops/argmax.hpp"
#include "kd/cpu/ops/copy.hpp"
#include "kd/cpu/ops/cross_entropy.hpp"
#include "kd/cpu/ops/decoupled_kd.hpp"
#include "kd/cpu/ops/dropout.hpp"
#include "kd/cpu/ops/ensemble.hpp"
#include "kd/cpu/ops/factor_cosine.hpp"
#include "kd/cpu/ops/gather.hpp"
#include "kd/cpu/ops/generalized_jsd.hpp"
#include "kd/cpu/ops/label_smoothing.hpp"
#include "kd/cpu/ops/layer_norm.hpp"
#include "kd/cpu/ops/linear.hpp"
#include "kd/cpu/ops/make_unit.hpp"
#include "kd/cpu/ops/moving_average.hpp"
#include "kd/cpu/ops/multiply.hpp"
#include "kd/cpu/ops/nkd.hpp"
#include "kd/cpu/ops/refined_logits.hpp"
#include "kd/cpu/ops/relu.hpp"
#include "kd/cpu/ops/reverse_kl.hpp"
#include "kd/cpu/ops/sgd.hpp"
#include "kd/cpu/ops/soft_targets.hpp"
#include "kd/cpu/ops/squared_error.hpp"
#include "kd/cpu/ops/standardize.hpp"
#include "kd/cpu/ops/sum.hpp"
#include "kd/cpu/ops/top_k.hpp"
#include "kd/cpu/ops/wttm.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::random_matrix;

namespace {

constexpr cpu::Space space{};
constexpr Index size = 133;  // beyond four of the widest vectors, and no whole number of any

template <class S>
std::vector<S> specials() {
  using L = std::numeric_limits<S>;
  return {L::quiet_NaN(), L::infinity(),   -L::infinity(),   L::max(),     L::lowest(), L::min(),
          -L::min(),      L::denorm_min(), -L::denorm_min(), L::min() / 3, S(0),        -S(0)};
}

/// Whether `x` is what an `S` makes of `expected`, up to some roundings.
template <class S>
bool is_same(S x, double expected, double roundings = 4) {
  const auto rounded = static_cast<S>(expected);
  if (std::isnan(rounded)) return std::isnan(x);
  if (std::isinf(rounded)) return x == rounded;
  const double scale = std::max(std::abs(expected), double{std::numeric_limits<S>::min()});
  return std::abs(double{x} - expected) <= roundings * std::numeric_limits<S>::epsilon() * scale;
}

/// Ordinary numbers but for `special` at `at`.
template <class S>
Vector<S> with(S special, Index at, Index count = size) {
  Vector<S> x(count);
  for (Index i = 0; i < count; ++i) x(i) = static_cast<S>(i % 7) - S(2.5);
  x(at) = special;
  return x;
}

/// Counts where `op(x, y)`, y being 2 at first, leaves something else than `expected(x_i, i)`.
template <class S, class Op, class Expected>
int wrong(Op&& op, Expected&& expected) {
  int count = 0;
  for (const S special : specials<S>()) {
    for (Index at = 0; at < size; ++at) {
      const Vector<S> x = with(special, at);
      Vector<S> y = Vector<S>::Constant(size, 2);
      op(view(x), view(y));
      for (Index i = 0; i < size; ++i)
        if (!is_same<S>(y(i), expected(double{x(i)}, i))) ++count;
    }
  }
  return count;
}

}  // namespace

TEMPLATE_TEST_CASE("special values pass every op that treats each number by itself",
                   "[cpu][special]", float, double) {
  using S = TestType;
  using In = VectorView<const S>;
  using Out = VectorView<S>;
  const auto relu = [](double x) { return x < 0 ? 0. : x; };
  CHECK(wrong<S>([](In x, Out y) { cpu::op_relu_forward<S>(space, x, y); },
                 [&](double x, Index) { return relu(x); }) == 0);
  const Vector<S> other = with<S>(3, 0);
  const In b = view(other);
  const auto o = [&](Index i) { return double{other(i)}; };
  for (const Write write : {Write::overwrite, Write::add}) {
    const double before = write == Write::add ? 2 : 0;
    CHECK(wrong<S>([&](In x, Out y) { cpu::op_relu_backward<S>(space, b, x, y, write); },
                   [&](double x, Index i) { return before + (o(i) > 0 ? x : 0); }) == 0);
    CHECK(wrong<S>([&](In x, Out y) { cpu::op_relu_backward<S>(space, x, b, y, write); },
                   [&](double x, Index i) { return before + (x > 0 ? o(i) : 0); }) == 0);
    CHECK(wrong<S>([&](In x, Out y) { cpu::op_copy<S>(space, x, y, write); },
                   [&](double x, Index) { return before + x; }) == 0);
    CHECK(wrong<S>([&](In x, Out y) { cpu::op_multiply<S>(space, x, b, y, write); },
                   [&](double x, Index i) { return before + x * o(i); }) == 0);
    CHECK(wrong<S>([&](In x, Out y) { cpu::op_scale<S>(space, x, S(0.75), y, write); },
                   [&](double x, Index) { return before + 0.75 * x; }) == 0);
  }
  Vector<S> mask(size), once(size);
  cpu::op_dropout_forward<S>(space, Rng(1), 0.5, b, view(mask), view(once));
  CHECK(wrong<S>(
            [&](In x, Out y) { cpu::op_dropout_forward<S>(space, Rng(1), 0.5, x, view(mask), y); },
            [&](double x, Index i) { return x * double{mask(i)}; }) == 0);
  CHECK(wrong<S>([](In x, Out y) { cpu::op_moving_average<S>(space, x, 0.75, y); },
                 [](double x, Index) { return 2 + 0.25 * (x - 2); }) == 0);
  const Index first = 0;
  CHECK(wrong<S>(
            [&](In x, Out y) {
              cpu::op_gather<S, S>(space, MatrixView<const S>(x.data, size, 1), {&first, 1}, S(0.5),
                                   MatrixView<S>(y.data, size, 1));
            },
            [](double x, Index) { return 0.5 * x; }) == 0);
}

TEMPLATE_TEST_CASE("activations of special values are the limits, and NaN of NaN alone",
                   "[cpu][special]", float, double) {
  using S = TestType;
  // Thirteen in turn: each is in every place of a vector, and some behind the last whole one.
  std::vector<S> values = specials<S>();
  values.push_back(S(-1.25));  // not -1.5, where the slope of HardSwish is a difference of equals
  REQUIRE(values.size() == 13);
  Vector<S> inputs(13 * 16 + 7);
  for (Index i = 0; i < inputs.size(); ++i) inputs(i) = values[static_cast<std::size_t>(i) % 13];
  const Vector<S> ones = Vector<S>::Ones(inputs.size());
  // `value` and `slope` of what is finite; `low` and `high` are the slopes at the infinities, whose
  // values are `value`'s.
  const auto check = [&](const char* name, auto f, auto&& value, auto&& slope, double low,
                         double high) {
    INFO(name);
    using F = decltype(f);
    Vector<S> y(inputs.size()), dx(inputs.size()), sum = Vector<S>::Constant(inputs.size(), 2);
    cpu::op_activation_forward<F, S>(space, f, view(std::as_const(inputs)), view(y));
    const auto add = [&](Vector<S>& to, Write write) {
      cpu::op_activation_backward<F, S>(space, f, view(std::as_const(inputs)),
                                        view(std::as_const(y)), view(ones), view(to), write);
    };
    add(dx, Write::overwrite);
    add(sum, Write::add);
    int wrong = 0;
    for (Index i = 0; i < inputs.size(); ++i) {
      const double at = double{inputs(i)};
      const double expected = std::isinf(at) ? (at < 0 ? low : high) : slope(at);
      // A slope that is made of the value has no more digits than 1 less that.
      if (!is_same<S>(y(i), value(at)) || !is_same<S>(dx(i), expected, 50) ||
          !is_same<S>(sum(i), 2 + expected))
        ++wrong;
    }
    CHECK(wrong == 0);
  };
  const auto sigmoid = [](double x) { return x < -700 ? 0. : 1 / (1 + std::exp(-x)); };
  const auto phi = [](double x) { return std::erfc(-x / std::sqrt(2.)) / 2; };
  const auto times = [&](auto&& gate) {  // x gate(x), and 0 at -infinity
    return [&gate](double x) { return x < -700 ? 0. : x * gate(x); };
  };
  check(
      "ReLU6", activation::ReLU6{}, [](double x) { return x < 0   ? 0.
                                                          : x > 6 ? 6.
                                                                  : x; },
      [](double x) { return x <= 0 || x >= 6 ? 0. : 1.; }, 0, 0);
  check(
      "LeakyReLU", activation::LeakyReLU<S>{S(0.25)}, [](double x) { return x > 0 ? x : 0.25 * x; },
      [](double x) { return x > 0 ? 1 : 0.25; }, 0.25, 1);
  check(
      "HardSwish", activation::HardSwish{},
      [](double x) { return x < -3  ? 0.
                            : x > 3 ? x
                                    : x * (x + 3) / 6; },
      [](double x) { return x < -3  ? 0.
                            : x > 3 ? 1.
                                    : x / 3 + 0.5; }, 0, 1);
  check(
      "GELU", activation::GELU{}, times(phi),
      [&](double x) {
        return phi(x) + (std::abs(x) > 50 ? 0 : x * std::exp(-x * x / 2) / std::sqrt(2 * M_PI));
      },
      0, 1);
  check(
      "SiLU", activation::SiLU{}, times(sigmoid),
      [&](double x) {
        return std::abs(x) > 700 ? (x > 0 ? 1. : 0.) : sigmoid(x) * (1 + x * sigmoid(-x));
      },
      0, 1);
  check(
      "Tanh", activation::Tanh{}, [](double x) { return std::tanh(x); },
      [](double x) { return 1 - std::tanh(x) * std::tanh(x); }, 0, 0);
  check(
      "Sigmoid", activation::Sigmoid{}, sigmoid, [&](double x) { return sigmoid(x) * sigmoid(-x); },
      0, 0);
}

TEMPLATE_TEST_CASE("a moving average of special values is what double makes of it",
                   "[cpu][special]", float, double) {
  using S = TestType;
  const auto halved = [](S mean, S x, double gain) {  // does not overflow in double either
    return 2 * (double{mean} / 2 + gain * (double{x} / 2 - double{mean} / 2));
  };
  std::vector<S> values = specials<S>();
  const S largest = std::numeric_limits<S>::max();
  values.insert(values.end(), {largest / 2, -largest / 2, largest / 3, S(1), S(-2.5)});
  for (const double decay : {0., 0.25, 0.75, 0.9921875}) {
    const double gain = 1 - decay;
    for (const Index count : {Index{1}, size, Index{2500}}) {  // beyond a chunk
      for (const S mean : values) {
        for (const S x : values) {
          INFO("decay " << decay << ", " << count << " numbers, from " << mean << " to " << x);
          Vector<S> average = Vector<S>::Constant(count, 2);
          Vector<S> next = Vector<S>::Constant(count, 1);
          average(count - 1) = mean;
          next(count - 1) = x;
          cpu::op_moving_average<S>(space, view(next), decay, view(average));
          CHECK(is_same<S>(average(count - 1), halved(mean, x, gain)));
          if (count == 1) continue;
          CHECK(average(0) == static_cast<S>(2 - gain));
          CHECK(average(count - 2) == static_cast<S>(2 - gain));
        }
      }
    }
  }
}

TEST_CASE("a moving average that does not overflow is the plain formula's", "[cpu][special]") {
  const Vector<float> x = 1e30F * random_matrix<float>(5000, 1, 1);
  const Vector<float> before = 1e30F * random_matrix<float>(5000, 1, 2);
  Vector<float> average = before;
  cpu::op_moving_average<float>(space, view(x), 0.75, view(average));
  Vector<float> plain = before;
  plain.array() += 0.25F * (x.array() - plain.array());
  CHECK(average == plain);
}

TEMPLATE_TEST_CASE("special values within sums", "[cpu][special]", float, double) {
  using S = TestType;
  for (const S special : specials<S>()) {
    for (const Index at : {0, 3, 15, 16, 2047, 2048, 4095, 4999}) {
      const Vector<S> x = with(special, at, 5000);
      double sum = 0, squares = 0, expected = 0, expected_squares = 0;
      cpu::op_add_sum<S>(space, view(x), {&sum, 1});
      cpu::op_add_square_sum<S>(space, view(x), {&squares, 1});
      for (const S value : x) {
        expected += double{value};
        expected_squares += double{value} * double{value};
      }
      CAPTURE(special, at);
      CHECK(is_same<double>(sum, expected));
      CHECK((is_same<double>(squares, expected_squares) ||
             squares == Approx(expected_squares).epsilon(1e-5)));
    }
  }
}

TEMPLATE_TEST_CASE("optimizers on special gradients", "[cpu][special]", float, double) {
  using S = TestType;
  using L = std::numeric_limits<S>;
  const double root = std::sqrt(double{L::max()});
  const double rate = 1e-3 / (1 - 0.9);
  const AdamStep<S> a{.rate = static_cast<S>(rate),
                      .beta1 = S(0.9),
                      .gain1 = S(0.1),
                      .beta2 = S(0.999),
                      .gain2 = static_cast<S>(1 - 0.999),
                      .eps = S(1e-8),
                      .root_scale = static_cast<S>(1 / std::sqrt(1 - 0.999)),
                      .decay = S(0.99)};
  const SgdStep<S> s{.rate = S(0.25),
                     .momentum = S(0.5),
                     .weight_decay = S(0.5),
                     .nesterov = true,
                     .first = false};
  std::vector<S> gradients = specials<S>();
  for (const double times : {1e-3, 0.5, 1., 1.1, 20., 31.})
    gradients.push_back(static_cast<S>(times * root));
  int wrong = 0;
  for (const S special : gradients) {
    for (Index at = 0; at < size; ++at) {
      const Vector<S> g = with(special, at);
      const Vector<S> before = Vector<S>::Constant(size, S(0.5));
      Vector<S> p = before, m = before, v = before, sp = before, u = before;
      std::int32_t guard = 0, careful = 1;
      unsigned long long adam_place = Lookout<>::nowhere, sgd_place = Lookout<>::nowhere;
      cpu::op_look_adam<S>(space, view(p), view(g), view(m), view(v), a,
                           {{&guard, 1}, {&careful, 1}, {&adam_place, 1}, 0});
      cpu::op_look_sgd<S>(space, view(sp), view(g), view(u), s,
                          {{&guard, 1}, {&careful, 1}, {&sgd_place, 1}, 0});
      if (p != before || m != before || v != before || sp != before || u != before) ++wrong;
      cpu::op_adam<S>(space, view(p), view(g), view(m), view(v), a, {&guard, 1});
      cpu::op_sgd<S>(space, view(sp), view(g), view(u), s, {&guard, 1});
      bool adam_is_finite = true, sgd_is_finite = true;
      for (Index i = 0; i < size; ++i) {
        const double x = g(i);
        const double next_m = 0.45 + 0.1 * x;
        const double next_v = 0.4995 + double{a.gain2} * x * x;
        const double next_p =
            0.495 - rate * next_m / (std::sqrt(next_v) * double{a.root_scale} + 1e-8);
        adam_is_finite = adam_is_finite && std::isfinite(static_cast<S>(next_m)) &&
                         std::isfinite(static_cast<S>(next_v));
        const double next_u = 0.25 + x + 0.25;
        const double next_sp = 0.5 - 0.25 * (x + 0.25 + 0.5 * next_u);
        sgd_is_finite = sgd_is_finite && std::isfinite(static_cast<S>(next_u));
        if (adam_is_finite && (!is_same<S>(m(i), next_m, 8) || !is_same<S>(v(i), next_v, 8) ||
                               !is_same<S>(p(i), next_p, 32)))
          ++wrong;
        // Half the velocity is added to the gradient: the largest number overflows on the way.
        if (sgd_is_finite && std::abs(x) < 0.5 * double{L::max()} &&
            (!is_same<S>(u(i), next_u, 8) || !is_same<S>(sp(i), next_sp, 8)))
          ++wrong;
      }
      const auto place = static_cast<unsigned long long>(at);
      if (adam_place != (adam_is_finite ? Lookout<>::nowhere : place)) ++wrong;
      if (sgd_is_finite && std::abs(special) < S(0.5) * L::max() && sgd_place != Lookout<>::nowhere)
        ++wrong;
      if (!sgd_is_finite && sgd_place != place) ++wrong;
    }
  }
  CHECK(wrong == 0);
}

TEMPLATE_TEST_CASE("flags and clipping on special values", "[cpu][special]", float, double) {
  using S = TestType;
  using L = std::numeric_limits<S>;
  int wrong = 0;
  for (const S special : specials<S>()) {
    for (Index at = 0; at < size; ++at) {
      const Vector<S> x = with(special, at);
      std::int32_t guard = 0, same_guard = 0, large = 0, same_large = 0;
      cpu::op_flag_nonfinite<S>(space, view(x), {&guard, 1});
      cpu::op_flag_gradients<S>(space, view(x), 0x1p32, {&same_guard, 1}, {&large, 1});
      cpu::op_flag_large<S>(space, view(x), 0x1p32, {&same_large, 1});
      if ((guard != 0) == std::isfinite(special) || same_guard != guard) ++wrong;
      if ((large != 0) != !(std::abs(special) < S(0x1p32)) || same_large != large) ++wrong;
    }
  }
  CHECK(wrong == 0);

  const double infinite = std::numeric_limits<double>::infinity();
  for (const double sum : {infinite, std::nan("")}) {  // nothing is known: nothing is done
    Vector<S> x = with<S>(1, 0);
    cpu::op_clip<S>(space, view(x), {&sum, 1}, 1);
    CHECK(x == with<S>(1, 0));
  }
  Vector<S> x = Vector<S>::Constant(size, L::max() / 2);  // a factor that no S has
  double sum = 0;
  cpu::op_add_square_sum<S>(space, view(std::as_const(x)), {&sum, 1});
  if (!std::isfinite(sum)) return;
  cpu::op_clip<S>(space, view(x), {&sum, 1}, 1e-3);
  for (const S value : x) CHECK(value == Approx(1e-3 / std::sqrt(double{size})).epsilon(1e-5));
}

TEMPLATE_TEST_CASE("the largest of special values", "[cpu][special]", float, double) {
  using S = TestType;
  const auto above = [](S a, S b) { return a > b || (std::isnan(a) && !std::isnan(b)); };
  int wrong = 0;
  for (const Index classes : {1, 3, 16, 17, 33, 70}) {
    for (const S special : specials<S>()) {
      for (const S rest : {S(1), special, -std::numeric_limits<S>::infinity()}) {
        for (Index at = 0; at < classes; ++at) {
          Matrix<S> z = Matrix<S>::Constant(classes, 1, rest);
          z(at) = special;
          z(classes / 2) = classes > 3 ? std::numeric_limits<S>::quiet_NaN() : z(classes / 2);
          std::vector<Label> order(static_cast<std::size_t>(classes));
          std::iota(order.begin(), order.end(), Label{0});
          std::sort(order.begin(), order.end(), [&](Label i, Label j) {
            return above(z(i), z(j)) || (i < j && !above(z(j), z(i)));
          });
          Labels best(1);
          cpu::op_argmax<S>(space, view(std::as_const(z)), view(best));
          if (best(0) != order[0]) ++wrong;
          const Index k = std::min<Index>(classes, 3);
          Matrix<Label> kept(k, 1);
          Matrix<S> logits(k, 1);
          Vector<S> tail(1);
          cpu::op_top_k<S>(space, view(std::as_const(z)), S(2),
                           TopKTable<S, cpu::Space>{view(kept), view(logits), view(tail)});
          for (Index i = 0; i < k; ++i)
            if (kept(i) != order[static_cast<std::size_t>(i)] ||
                !is_same<S>(logits(i), double{z(kept(i))}))
              ++wrong;
          bool rest_is_impossible = k < classes;
          for (Index i = k; i < classes; ++i)
            if (z(order[static_cast<std::size_t>(i)]) != -std::numeric_limits<S>::infinity())
              rest_is_impossible = false;
          if (rest_is_impossible && !(tail(0) == -std::numeric_limits<S>::infinity())) ++wrong;
        }
      }
    }
  }
  CHECK(wrong == 0);
}

TEMPLATE_TEST_CASE("a loss of logits that are not finite is not finite, and no other sample's",
                   "[cpu][special]", float, double) {
  using S = TestType;
  using In = MatrixView<const S>;
  using L = std::numeric_limits<S>;
  const Index batch = 18;  // more than stand side by side
  const S t = S(2);
  const auto check = [&](const char* name, bool has_teacher, auto&& loss) {
    INFO(name);
    for (const Index classes : {3, 17, 300}) {
      Labels labels(batch);
      for (Index b = 0; b < batch; ++b) labels(b) = static_cast<Label>(b % classes);
      Vector<S> values(batch), fine(batch);
      Matrix<S> dz(classes, batch), fine_dz(classes, batch);
      Matrix<S> both[2] = {random_matrix<S>(classes, batch, 1),
                           random_matrix<S>(classes, batch, 2)};
      const auto run = [&](Matrix<S>& gradient, Vector<S>& to) {
        gradient.setZero();
        loss(In(both[0].data(), classes, batch), In(both[1].data(), classes, batch),
             view(std::as_const(labels)), view(gradient), view(to));
      };
      run(fine_dz, fine);
      CHECK(fine.allFinite());
      CHECK(fine_dz.allFinite());
      int wrong = 0;
      for (int which = 0; which < (has_teacher ? 2 : 1); ++which) {
        for (const S special : {L::quiet_NaN(), L::infinity()}) {
          for (const Index b : {Index{0}, Index{5}, batch - 1}) {
            for (Index c = 0; c < classes; ++c) {
              const S kept = std::exchange(both[which](c, b), special);
              run(dz, values);
              for (Index i = 0; i < batch; ++i) {
                if (i == b ? std::isfinite(values(i)) : values(i) != fine(i)) ++wrong;
                if (i != b && dz.col(i) != fine_dz.col(i)) ++wrong;
              }
              both[which](c, b) = kept;
            }
          }
        }
      }
      INFO("classes " << classes);
      CHECK(wrong == 0);
    }
  };
  using Classes = VectorView<const Label>;
  using Out = MatrixView<S>;
  using Values = VectorView<S>;
  check("cross-entropy", false, [](In z, In, Classes y, Out dz, Values values) {
    cpu::op_cross_entropy<S>(space, z, y, S(1), dz, Write::overwrite, values);
  });
  check("label smoothing", false, [](In z, In, Classes y, Out dz, Values values) {
    cpu::op_label_smoothing<S>(space, z, y, S(0.1), S(1), dz, Write::overwrite, values);
  });
  check("soft targets", true, [&](In z, In v, Classes y, Out dz, Values values) {
    cpu::op_soft_targets<S>(space, z, v, y, t, S(0), S(1), dz, Write::overwrite, Values{}, values);
  });
  check("reverse KL", true, [&](In z, In v, Classes, Out dz, Values values) {
    cpu::op_reverse_kl<S>(space, z, v, t, S(1), dz, values);
  });
  check("generalized JSD", true, [&](In z, In v, Classes, Out dz, Values values) {
    cpu::op_generalized_jsd<S>(space, z, v, t, S(0.3), S(1), dz, values);
  });
  check("decoupled", true, [&](In z, In v, Classes y, Out dz, Values values) {
    Vector<S> rest(values.size);
    cpu::op_decoupled_kd<S>(space, z, v, y, t, S(1), S(1), dz, values, view(rest));
    map(values) += rest;
  });
  check("normalised", true, [&](In z, In v, Classes y, Out dz, Values values) {
    Vector<S> rest(values.size);
    cpu::op_nkd<S>(space, z, v, y, t, S(1), S(1), dz, values, view(rest));
    map(values) += rest;
  });
  check("transformed teacher", true, [&](In z, In v, Classes, Out dz, Values values) {
    cpu::op_wttm<S>(space, z, v, t, true, S(1), dz, values);
  });
  check("refined", true, [&](In z, In v, Classes y, Out dz, Values values) {
    Vector<S> others(values.size);
    cpu::op_refined_logits<S>(space, z, v, y, t, t, S(1), S(1), dz, values, view(others));
    map(values) += others;
  });
  check("alpha-beta", true, [&](In z, In v, Classes, Out dz, Values values) {
    cpu::op_alpha_beta<S>(space, z, v, t, S(0.8), S(0.3), S(1), dz, values);
  });
  check("squared error", true, [](In z, In v, Classes, Out dz, Values values) {
    cpu::op_squared_error<S>(space, z, v, S(1), dz, Write::overwrite, values);
  });
  check("factor cosine", true, [](In z, In v, Classes, Out dz, Values values) {
    cpu::op_factor_cosine<S>(space, z, v, S(1), dz, values);
  });
  // Not losses: the sum of what they give stands for one.
  check("standardize", false, [](In z, In, Classes, Out dz, Values values) {
    cpu::op_standardize<S>(space, z, dz, values);
    map(values) = map(dz).colwise().sum().transpose();
  });
  check("layer norm", false, [](In z, In, Classes, Out dz, Values values) {
    const Vector<S> ones = Vector<S>::Ones(z.rows);
    Matrix<S> moments(2, z.cols);
    cpu::op_layer_norm_forward<S>(space, view(ones), view(ones), S(1e-5), z, dz, view(moments));
    map(values) = map(dz).colwise().sum().transpose();
  });
  check("make unit", false, [](In z, In, Classes, Out dz, Values values) {
    map(dz) = map(z);
    cpu::op_make_unit<S>(space, dz, values);
    map(values) = map(dz).colwise().sum().transpose();
  });
  check("mean of probabilities", true, [&](In z, In v, Classes, Out dz, Values values) {
    cpu::op_add_probabilities<S>(space, z, t, dz, Write::overwrite);
    cpu::op_add_probabilities<S>(space, v, t, dz, Write::add);
    map(values) = map(dz).colwise().sum().transpose();
  });
}

TEMPLATE_TEST_CASE("cross-entropy of the largest and the most negative logits", "[cpu][special]",
                   float, double) {
  using S = TestType;
  using L = std::numeric_limits<S>;
  for (const Index classes : {3, 17, 300}) {
    for (const S special : {-L::infinity(), L::lowest(), L::max(), L::min(), L::denorm_min()}) {
      for (Index c = 1; c < classes; ++c) {
        Matrix<S> z = Matrix<S>::Ones(classes, 1);
        z(c) = special;
        const Labels label = Labels::Zero(1);
        Matrix<S> dz(classes, 1);
        Vector<S> value(1);
        cpu::op_cross_entropy<S>(space, view(std::as_const(z)), view(label), S(1), view(dz),
                                 Write::overwrite, view(value));
        const double shift = std::max(1., double{special});
        const double own = std::exp(1 - shift);
        const double others = static_cast<double>(classes - 1) * own;
        const double sum = others + std::exp(double{special} - shift);
        const double expected = shift - 1 + std::log(sum);
        if (!(std::abs(value(0) - expected) <= 1e-5 * std::abs(expected)) || !dz.allFinite())
          FAIL_CHECK(special << " of class " << c << " of " << classes << ": " << value(0));
      }
    }
  }
}

TEMPLATE_TEST_CASE("a NaN reaches what depends on it in a linear layer, and nothing else",
                   "[cpu][special]", float, double) {
  using S = TestType;
  struct Sizes {
    Index in, out, batch;
  };
  for (const auto& [in, out, batch] : {Sizes{37, 19, 5}, Sizes{21, 3, 33}, Sizes{16, 150, 32},
                                       Sizes{130, 67, 3}, Sizes{5, 1, 1}}) {
    Matrix<S> w = random_matrix<S>(in, out, 1), x = random_matrix<S>(in, batch, 2),
              dy = random_matrix<S>(out, batch, 3);
    const Vector<S> bias = random_matrix<S>(out, 1, 4);
    Matrix<S> y(out, batch), dw(in, out), dx(in, batch);
    Vector<S> db(out);
    int wrong = 0;
    const auto run = [&] {
      cpu::op_linear_forward<S>(space, view(std::as_const(w)), view(bias), view(std::as_const(x)),
                                view(y));
      cpu::op_linear_backward<S>(space, view(std::as_const(w)), view(std::as_const(x)),
                                 view(std::as_const(dy)), view(dw), view(db), Write::overwrite,
                                 view(dx), Write::overwrite);
    };
    // Counts the numbers of `result` that are NaN where `is_bad(row, col)` says no, or the reverse.
    const auto count = [&](const auto& result, auto&& is_bad) {
      for (Index j = 0; j < result.cols(); ++j)
        for (Index i = 0; i < result.rows(); ++i)
          if (std::isnan(result(i, j)) != is_bad(i, j)) ++wrong;
    };
    const S nan = std::numeric_limits<S>::quiet_NaN();
    const auto never = [](Index, Index) { return false; };
    for (Index k = 0; k < std::max({in, out, batch}); ++k) {
      const Index i = k % in, o = k % out, b = k % batch;
      S kept = std::exchange(x(i, b), nan);
      run();
      count(y, [&](Index, Index col) { return col == b; });
      count(dw, [&](Index row, Index) { return row == i; });
      count(db, never);
      count(dx, never);
      x(i, b) = kept;
      kept = std::exchange(w(i, o), nan);
      run();
      count(y, [&](Index row, Index) { return row == o; });
      count(dw, never);
      count(dx, [&](Index row, Index) { return row == i; });
      w(i, o) = kept;
      kept = std::exchange(dy(o, b), nan);
      run();
      count(y, never);
      count(dw, [&](Index, Index col) { return col == o; });
      count(db, [&](Index row, Index) { return row == o; });
      count(dx, [&](Index, Index col) { return col == b; });
      dy(o, b) = kept;
    }
    CAPTURE(in, out, batch);
    CHECK(wrong == 0);
  }
}
