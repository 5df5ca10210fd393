// SPDX-License-Identifier: MIT
//
// The losses that compare two softmaxes, at every temperature, against long double by definition.
#include <algorithm>
#include <cmath>
#include <limits>

#include "kd/cpu/ops/decoupled_kd.hpp"
#include "kd/cpu/ops/generalized_jsd.hpp"
#include "kd/cpu/ops/learned_temperature.hpp"
#include "kd/cpu/ops/reverse_kl.hpp"
#include "support/catch.hpp"
#include "support/divergence.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::ExactPair;
using kd::test::random_labels;
using kd::test::random_matrix;

namespace {

constexpr cpu::Space space{};
constexpr Index batch = 5;

template <class S>
struct Loss {
  Vector<S> values = Vector<S>::Zero(batch);
  Matrix<S> gradient;
  explicit Loss(Index classes) : gradient(Matrix<S>::Zero(classes, batch)) {}
};

/// `want(exact, slopes)` gives the value of a sample by definition, and its slopes; both without T.
template <class S, class Want>
void check_exact(const Loss<S>& got, const Matrix<S>& z, const Matrix<S>& v, double t, Want want) {
  const auto temperature = static_cast<long double>(static_cast<S>(t));
  constexpr long double tiny = std::numeric_limits<S>::epsilon();
  // What long double cannot tell, exponentials below the normal numbers, and where softmaxes are
  // saturated, logarithms of probabilities as large as the logits.
  const long double size = std::max(z.cwiseAbs().maxCoeff(), v.cwiseAbs().maxCoeff());
  const long double floor =
      temperature * 1e-16L + (temperature < size ? 10 * tiny * size : 0) +
      2 * temperature * static_cast<long double>(z.rows()) * std::numeric_limits<S>::min() / tiny;
  for (Index b = 0; b < batch; ++b) {
    const ExactPair exact(z, v, b, temperature);
    std::vector<long double> slopes(static_cast<std::size_t>(z.rows()));
    const long double value = temperature * temperature * want(exact, slopes);
    CHECK(std::abs(got.values(b) - value) <= 1000 * tiny * value + floor);
    long double error = 0, norm = 0;
    for (Index c = 0; c < z.rows(); ++c) {
      const long double slope = temperature * slopes[static_cast<std::size_t>(c)];
      error += (got.gradient(c, b) - slope) * (got.gradient(c, b) - slope);
      norm += slope * slope;
    }
    CHECK(std::sqrt(error) <= 300 * tiny * std::sqrt(norm) + floor);
  }
}

template <class S, class Body>
void at_all_temperatures(Body body) {
  for (const Index classes : {2, 10, 37}) {
    for (const double size : {1e-3, 1., 30.}) {
      for (const double apart : {1., 1e-3}) {
        const Matrix<S> v = random_matrix<S>(classes, batch, 2, size);
        const Matrix<S> z =
            random_matrix<S>(classes, batch, 1, size) * S(apart) + v * S(apart < 1 ? 1 : 0);
        for (const double t : kd::test::all_temperatures) {
          INFO(classes << " classes, logits of " << size << " * " << apart << ", T " << t);
          body(z, v, t);
        }
      }
    }
  }
}

}  // namespace

TEMPLATE_TEST_CASE("reverse KL keeps its digits at every temperature", "[cpu][divergences]", float,
                   double) {
  using S = TestType;
  at_all_temperatures<S>([](const Matrix<S>& z, const Matrix<S>& v, double t) {
    Loss<S> got(z.rows());
    cpu::op_reverse_kl<S>(space, view(z), view(v), S(t), S(1), view(got.gradient),
                          view(got.values));
    check_exact(got, z, v, t, [](const ExactPair& exact, auto& slopes) {
      const long double kl = exact.reverse_kl();
      for (std::size_t c = 0; c < slopes.size(); ++c) slopes[c] = -exact.q[c] * (exact.gap[c] + kl);
      return kl;
    });
  });
}

TEMPLATE_TEST_CASE("the JSD keeps its digits at every temperature", "[cpu][divergences]", float,
                   double) {
  using S = TestType;
  const long double beta = 0.25L;
  at_all_temperatures<S>([&](const Matrix<S>& z, const Matrix<S>& v, double t) {
    Loss<S> got(z.rows());
    cpu::op_generalized_jsd<S>(space, view(z), view(v), S(t), S(0.25), S(1), view(got.gradient),
                               view(got.values));
    check_exact(got, z, v, t, [&](const ExactPair& exact, auto& slopes) {
      std::vector<long double> m, p_gap, q_gap;
      for (std::size_t c = 0; c < slopes.size(); ++c) {
        const long double d = exact.gap[c];
        m.push_back(beta * exact.p[c] + (1 - beta) * exact.q[c]);
        q_gap.push_back(d > 0 ? -std::log1p((1 - beta) * std::expm1(-d)) - d
                              : -std::log1p(beta * std::expm1(d)));
        p_gap.push_back(q_gap.back() + d);
      }
      const long double q_kl = ExactPair::kl(exact.q, m, q_gap);
      for (std::size_t c = 0; c < slopes.size(); ++c)
        slopes[c] = (1 - beta) * exact.q[c] * (q_gap[c] - q_kl);
      return beta * ExactPair::kl(exact.p, m, p_gap) + (1 - beta) * q_kl;
    });
  });
}

TEMPLATE_TEST_CASE("soft targets at a learned temperature keep their digits", "[cpu][divergences]",
                   float, double) {
  using S = TestType;
  at_all_temperatures<S>([](const Matrix<S>& z, const Matrix<S>& v, double t) {
    Loss<S> got(z.rows());
    const Vector<S> theta = Vector<S>::Constant(1, S(-200));  // T = lowest
    Vector<S> dtheta = Vector<S>::Zero(1), slopes(batch);
    cpu::op_learned_temperature<S>(space, view(z), view(v), view(theta), S(t), S(0), S(1), S(1),
                                   view(got.gradient), view(dtheta), view(got.values),
                                   view(slopes));
    check_exact(got, z, v, t, [](const ExactPair& exact, auto& differences) {
      for (std::size_t c = 0; c < differences.size(); ++c) differences[c] = exact.difference(c);
      return exact.forward_kl();
    });
  });
}

// KL = KL of the class against the rest + (1 - p_y) KL among the rest, in value and gradient.
TEMPLATE_TEST_CASE("both parts of decoupled distillation keep their digits", "[cpu][divergences]",
                   float, double) {
  using S = TestType;
  at_all_temperatures<S>([](const Matrix<S>& z, const Matrix<S>& v, double t) {
    const Labels y = random_labels(batch, z.rows(), 3);
    Loss<S> all(z.rows()), target(z.rows()), rest(z.rows());
    Vector<S> spare(batch);
    cpu::op_decoupled_kd<S>(space, view(z), view(v), view(y), S(t), S(1), S(0),
                            view(target.gradient), view(target.values), view(spare));
    cpu::op_decoupled_kd<S>(space, view(z), view(v), view(y), S(t), S(0), S(1), view(rest.gradient),
                            view(spare), view(rest.values));
    for (Index b = 0; b < batch; ++b) {
      const ExactPair exact(z, v, b, static_cast<long double>(S(t)));
      long double others = 0;
      for (Index c = 0; c < z.rows(); ++c)
        if (c != y(b)) others += exact.p[static_cast<std::size_t>(c)];
      all.values(b) = target.values(b) + static_cast<S>(others) * rest.values(b);
      all.gradient.col(b) = target.gradient.col(b) + static_cast<S>(others) * rest.gradient.col(b);
    }
    check_exact(all, z, v, t, [](const ExactPair& exact, auto& slopes) {
      for (std::size_t c = 0; c < slopes.size(); ++c) slopes[c] = exact.difference(c);
      return exact.forward_kl();
    });
  });
}

// The class itself is nearly all of both; what is left is far apart, and its series is no use.
TEST_CASE("a sure student of a surer teacher keeps the digits of the target's part",
          "[cpu][divergences]") {
  const Matrix<double> z{{8}, {0}}, v{{9}, {0}};
  const Labels y = Labels::Zero(1);
  Vector<double> target(1), rest(1);
  Matrix<double> gradient = Matrix<double>::Zero(2, 1);
  cpu::op_decoupled_kd<double>(space, view(z), view(v), view(y), 1., 1., 0., view(gradient),
                               view(target), view(rest));
  const ExactPair exact(z, v, 0, 1);
  CHECK_THAT(target(0), WithinRel(static_cast<double>(exact.forward_kl()), 1e-12));
  CHECK_THAT(gradient(0), WithinRel(static_cast<double>(exact.difference(0)), 1e-12));
}

TEST_CASE("divergences are the same where no gradient is asked for", "[cpu][divergences]") {
  const Matrix<double> z = random_matrix<double>(6, batch, 1),
                       v = random_matrix<double>(6, batch, 2);
  const Labels y = random_labels(batch, 6, 3);
  Matrix<double> gradient = Matrix<double>::Zero(6, batch);
  const auto values = [&](MatrixView<double> dz) {
    Matrix<double> all(batch, 4);
    const auto term = [&](Index i) { return view(all).middle_cols(i, 1).flat(); };
    cpu::op_reverse_kl<double>(space, view(z), view(v), 2., 1., dz, term(0));
    cpu::op_generalized_jsd<double>(space, view(z), view(v), 2., 0.25, 1., dz, term(1));
    cpu::op_decoupled_kd<double>(space, view(z), view(v), view(y), 2., 1., 1., dz, term(2),
                                 term(3));
    return all;
  };
  CHECK(values({}) == values(view(gradient)));
}

// v - z has lost the last digits of what is left when the difference of their heights comes off.
TEST_CASE("logits of different heights keep the digits of a small divergence",
          "[cpu][divergences]") {
  const Matrix<double> z{{400}, {399.7}}, v{{1000}, {999.699}};
  Vector<double> values(1);
  Matrix<double> gradient = Matrix<double>::Zero(2, 1);
  cpu::op_reverse_kl<double>(space, view(z), view(v), 1., 1., view(gradient), view(values));
  CHECK_THAT(values(0), WithinRel(static_cast<double>(ExactPair(z, v, 0, 1).reverse_kl()), 1e-12));
}
