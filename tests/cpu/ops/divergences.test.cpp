// SPDX-License-Identifier: MIT
//
// The losses that compare two softmaxes, at every temperature, against long double by definition.
#include <algorithm>
#include <cmath>
#include <limits>

#include "kd/cpu/ops/alpha_beta.hpp"
#include "kd/cpu/ops/decoupled_kd.hpp"
#include "kd/cpu/ops/generalized_jsd.hpp"
#include "kd/cpu/ops/learned_temperature.hpp"
#include "kd/cpu/ops/nkd.hpp"
#include "kd/cpu/ops/refined_logits.hpp"
#include "kd/cpu/ops/reverse_kl.hpp"
#include "kd/cpu/ops/wttm.hpp"
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
  // NaN until each is written, also that of a sample which has nothing to compare.
  Vector<S> values = Vector<S>::Constant(batch, std::numeric_limits<S>::quiet_NaN());
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

// The teacher alone is softened, so a student that lies close to it has the softened logits.
TEMPLATE_TEST_CASE("a transformed teacher keeps its digits", "[cpu][divergences]", float, double) {
  using S = TestType;
  for (const Index classes : {2, 10, 37}) {
    for (const double size : {1., 30.}) {
      for (const double t : {0.5, 1., 4., 1e2, 1e4, 1e8}) {
        for (const bool is_close : {false, true}) {
          INFO(classes << " classes, logits of " << size << ", T " << t << " close " << is_close);
          const Matrix<S> v = random_matrix<S>(classes, batch, 2, size);
          Matrix<S> z = random_matrix<S>(classes, batch, 1, is_close ? 1e-2 : size);
          if (is_close) z += v / S(t);
          const Matrix<long double> exact_z = z.template cast<long double>();
          const Matrix<long double> softened =
              v.template cast<long double>() / static_cast<long double>(S(t));
          for (const bool is_weighted : {false, true}) {
            Loss<S> got(classes);
            cpu::op_wttm<S>(space, view(z), view(v), S(t), is_weighted, S(1), view(got.gradient),
                            view(got.values));
            // Softened logits are rounded, which counts as far as they are larger than the
            // distance.
            constexpr long double tiny = std::numeric_limits<S>::epsilon();
            const long double tolerance = 1000 * tiny * (is_close ? 10 * size : 1);
            const long double floor =  // what long double cannot tell of probabilities near 1
                1e-17L +
                2 * static_cast<long double>(classes) * std::numeric_limits<S>::min() / tiny;
            for (Index b = 0; b < batch; ++b) {
              const ExactPair exact(exact_z, softened, b, 1);
              long double weight = 0, plain = 0;
              const long double largest = v.col(b).maxCoeff();
              for (Index c = 0; c < classes; ++c) {
                plain += std::exp(static_cast<long double>(v(c, b)) - largest);
                weight += std::exp(softened(c, b) - softened.col(b).maxCoeff());
              }
              weight =
                  is_weighted ? weight / std::pow(plain, 1 / static_cast<long double>(S(t))) : 1;
              const long double value = weight * exact.forward_kl();
              CHECK(std::abs(got.values(b) - value) <= tolerance * value + floor);
              long double error = 0, norm = 0;
              for (Index c = 0; c < classes; ++c) {
                const long double slope = weight * exact.difference(static_cast<std::size_t>(c));
                error += (got.gradient(c, b) - slope) * (got.gradient(c, b) - slope);
                norm += slope * slope;
              }
              CHECK(std::sqrt(error) <= tolerance * std::sqrt(norm) + floor);
            }
          }
        }
      }
    }
  }
}

TEMPLATE_TEST_CASE("the alpha-beta divergence keeps its digits at every temperature",
                   "[cpu][divergences]", float, double) {
  using S = TestType;
  const auto [power_a, power_b] = GENERATE(table<long double, long double>(
      {{0.75L, 0.25L}, {0.25L, 0.75L}, {2, 1}, {1, 0}, {0.5L, 0}, {0, 1}, {0, 0.5L}, {0, 0}}));
  at_all_temperatures<S>(
      [&, a = power_a, b = power_b](const Matrix<S>& z, const Matrix<S>& v, double t) {
        Loss<S> got(z.rows());
        cpu::op_alpha_beta<S>(space, view(z), view(v), S(t), static_cast<S>(a), static_cast<S>(b),
                              S(1), view(got.gradient), view(got.values));
        INFO("powers " << a << " and " << b);
        Index next = 0;
        check_exact(got, z, v, t, [&](const ExactPair& exact, auto& slopes) {
          const Index sample = next++;
          // Of the logarithms, which are what is known of probabilities that are too small.
          const auto log_of = [&](const Matrix<S>& x, Index c) {
            const auto temperature = static_cast<long double>(S(t));
            const long double largest = x.col(sample).maxCoeff();
            long double sum = 0;
            for (Index k = 0; k < x.rows(); ++k)
              sum += std::exp((static_cast<long double>(x(k, sample)) - largest) / temperature);
            return (static_cast<long double>(x(c, sample)) - largest) / temperature - std::log(sum);
          };
          long double value = 0, mass = 0;
          for (std::size_t c = 0; c < slopes.size(); ++c) {
            const auto at = static_cast<Index>(c);
            const long double d = exact.gap[c];
            const long double log_p = log_of(v, at), log_q = log_of(z, at);
            const auto mixed = [&](long double k, long double l) {
              return std::exp(k * log_p + l * log_q);
            };
            // A power of p times exp(x) - 1 - x, which is exact near 0.
            const auto rest = [&](long double x, long double whole) {
              return std::abs(x) < 1 ? mixed(a + b, 0) * ExactPair::remainder(x)
                                     : whole - mixed(a + b, 0) * (1 + x);
            };
            const long double s = a + b;
            if (a == 0 && b == 0)
              value += d * d / 2;
            else if (b == 0)
              value += rest(-a * d, mixed(0, a)) / (a * a);
            else if (a == 0)
              value += std::abs(d) < 1 ? mixed(0, b) * ExactPair::remainder(b * d) / (b * b)
                                       : (mixed(b, 0) - mixed(0, b) * (1 + b * d)) / (b * b);
            else
              value +=
                  b / s * rest(-s * d, mixed(0, s)) / (a * b) - rest(-b * d, mixed(a, b)) / (a * b);
            slopes[c] = a == 0 ? -mixed(0, b) * d
                               : (std::abs(d) < 1 ? -mixed(0, s) * std::expm1(a * d)
                                                  : mixed(0, s) - mixed(a, b)) /
                                     a;
            mass += slopes[c];
          }
          for (std::size_t c = 0; c < slopes.size(); ++c) slopes[c] -= exact.q[c] * mass;
          return value;
        });
      });
}

// What normalised distillation says of the others is decoupled distillation's, but for a constant.
TEMPLATE_TEST_CASE("normalised distillation keeps its digits at every temperature",
                   "[cpu][divergences]", float, double) {
  using S = TestType;
  at_all_temperatures<S>([](const Matrix<S>& z, const Matrix<S>& v, double t) {
    const Labels y = random_labels(batch, z.rows(), 3);
    Loss<S> target(z.rows()), rest(z.rows()), decoupled(z.rows());
    Vector<S> spare(batch);
    cpu::op_nkd<S>(space, view(z), view(v), view(y), S(t), S(1), S(0), view(target.gradient),
                   view(target.values), view(rest.values));
    cpu::op_nkd<S>(space, view(z), view(v), view(y), S(t), S(0), S(1), view(rest.gradient),
                   view(spare), view(rest.values));
    cpu::op_decoupled_kd<S>(space, view(z), view(v), view(y), S(t), S(0), S(1),
                            view(decoupled.gradient), view(spare), view(decoupled.values));
    CHECK(rest.gradient == decoupled.gradient);
    const auto temperature = static_cast<long double>(S(t));
    constexpr long double tiny = std::numeric_limits<S>::epsilon();
    for (Index b = 0; b < batch; ++b) {
      const ExactPair plain(z, v, b, 1);
      const auto own = static_cast<std::size_t>(y(b));
      // Logarithms of sums without the class, which is all that is left of a sure student.
      const auto other_sum = [&](const Matrix<S>& x, Index but, long double over) {
        long double sum = 0;
        for (Index c = 0; c < x.rows(); ++c)
          if (c != but) sum += std::exp(static_cast<long double>(x(c, b)) / over);
        return sum;
      };
      const long double others =
          other_sum(z, y(b), 1) / std::exp(static_cast<long double>(z(y(b), b)));
      const long double value = plain.p[own] * std::log1p(others);
      CHECK(std::abs(target.values(b) - value) <=
            100 * tiny * value + std::numeric_limits<S>::min());
      const long double slope = -plain.p[own] * others / (1 + others);
      CHECK(std::abs(target.gradient(y(b), b) - slope) <=
            -100 * tiny * slope + std::numeric_limits<S>::min());
      if (t * 10 < z.cwiseAbs().maxCoeff()) continue;  // where exponentials of zero are to be told
      long double cross = 0;
      const long double z_sum = other_sum(z, y(b), temperature);
      const long double v_sum = other_sum(v, y(b), temperature);
      for (Index c = 0; c < z.rows(); ++c)
        if (c != y(b))
          cross -= std::exp(static_cast<long double>(v(c, b)) / temperature) / v_sum *
                   (static_cast<long double>(z(c, b)) / temperature - std::log(z_sum));
      cross *= temperature * temperature;
      CHECK(std::abs(rest.values(b) - cross) <=
            100 * tiny * cross + temperature * temperature * 1e-17L);
    }
  });
}

// A teacher that errs is one that is right of a sample whose likeliest class and y are exchanged.
TEMPLATE_TEST_CASE("refined logits keep their digits at every temperature", "[cpu][divergences]",
                   float, double) {
  using S = TestType;
  at_all_temperatures<S>([](const Matrix<S>& z, const Matrix<S>& v, double t) {
    const Labels y = random_labels(batch, z.rows(), 3);
    const Index classes = z.rows();
    Loss<S> own(classes), others(classes), expected(classes);
    Vector<S> spare(batch);
    cpu::op_refined_logits<S>(space, view(z), view(v), view(y), S(t), S(2), S(1), S(0),
                              view(own.gradient), view(own.values), view(spare));
    cpu::op_refined_logits<S>(space, view(z), view(v), view(y), S(2), S(t), S(0), S(1),
                              view(others.gradient), view(spare), view(others.values));
    Matrix<S> right = v;
    for (Index b = 0; b < batch; ++b) {
      Index best = 0;
      v.col(b).maxCoeff(&best);
      std::swap(right(best, b), right(y(b), b));
    }
    cpu::op_decoupled_kd<S>(space, view(z), view(right), view(y), S(t), S(1), S(0),
                            view(expected.gradient), view(expected.values), view(spare));
    CHECK(own.values == expected.values);
    CHECK(own.gradient == expected.gradient);

    // The others of a sample of its own, of those classes and one that is far above them.
    for (Index b = 0; b < batch; ++b) {
      std::vector<Index> below;
      for (Index c = 0; c < classes; ++c)
        if (v(c, b) < v(y(b), b)) below.push_back(c);
      const auto count = static_cast<Index>(below.size());
      if (count == 0) {
        CHECK(others.values(b) == 0);
        CHECK(others.gradient.col(b).isZero(0));
        continue;
      }
      const Labels last = Labels::Constant(1, static_cast<Label>(count));
      Matrix<S> few_z(count + 1, 1), few_v(count + 1, 1);
      Matrix<S> gradient = Matrix<S>::Zero(count + 1, 1);
      few_z(count, 0) = few_v(count, 0) = 1;
      for (Index c = 0; c < count; ++c) {
        few_z(c, 0) = z(below[static_cast<std::size_t>(c)], b);
        few_v(c, 0) = v(below[static_cast<std::size_t>(c)], b);
      }
      Vector<S> one(1), value(1);
      cpu::op_decoupled_kd<S>(space, view(few_z), view(few_v), view(last), S(t), S(0), S(1),
                              view(gradient), view(one), view(value));
      const S tiny = std::numeric_limits<S>::epsilon();
      CHECK(std::abs(others.values(b) - value(0)) <=
            1000 * tiny * value(0) + 100 * tiny * S(t) * few_z.cwiseAbs().maxCoeff() * tiny);
      S squares = 0;
      for (Index c = 0; c < count; ++c) {
        const S difference =
            others.gradient(below[static_cast<std::size_t>(c)], b) - gradient(c, 0);
        squares += difference * difference;
      }
      CHECK(std::sqrt(squares) <= 300 * tiny * gradient.norm() + S(t) * tiny * tiny);
    }
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

// v - z has lost the last digits of what is left when the difference of their heights comes off.
TEST_CASE("logits of different heights keep the digits of a small divergence",
          "[cpu][divergences]") {
  const Matrix<double> z{{400}, {399.7}}, v{{1000}, {999.699}};
  Vector<double> values(1);
  Matrix<double> gradient = Matrix<double>::Zero(2, 1);
  cpu::op_reverse_kl<double>(space, view(z), view(v), 1., 1., view(gradient), view(values));
  CHECK_THAT(values(0), WithinRel(static_cast<double>(ExactPair(z, v, 0, 1).reverse_kl()), 1e-12));
}
