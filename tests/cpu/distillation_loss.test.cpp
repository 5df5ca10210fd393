// SPDX-License-Identifier: MIT

#include <cmath>
#include <limits>

#include "kd/cpu/ops/cross_entropy.hpp"
#include "kd/cpu/ops/soft_targets.hpp"
#include "support/catch.hpp"
#include "support/divergence.hpp"
#include "support/random_matrix.hpp"
#include "support/threads.hpp"

using namespace kd;
using kd::test::random_labels;
using kd::test::random_matrix;

namespace {

constexpr cpu::Space space{};

template <class S>
struct Losses {
  Matrix<S> gradient;
  Vector<S> hard;
  Vector<S> soft;
};

struct Case {
  double temperature, hard_scale, soft_scale;
};

template <class S>
Losses<S> run(const Matrix<S>& z, const Matrix<S>& v, const Labels& y, const Case& c, S start = 1,
              Write write = Write::add) {
  Losses<S> out{Matrix<S>::Constant(z.rows(), z.cols(), start), Vector<S>(z.cols()),
                Vector<S>(z.cols())};
  cpu::op_soft_targets<S>(space, view(z), view(v), view(y), static_cast<S>(c.temperature),
                          static_cast<S>(c.hard_scale), static_cast<S>(c.soft_scale),
                          view(out.gradient), write, view(out.hard), view(out.soft));
  return out;
}

/// By definition, in long double and for any size of logits: log softmax(z / T).
std::vector<long double> log_softmax(const Matrix<double>& z, Index b, long double t) {
  long double most = -std::numeric_limits<long double>::infinity();
  for (Index c = 0; c < z.rows(); ++c) most = std::max(most, static_cast<long double>(z(c, b)));
  long double sum = 0;
  for (Index c = 0; c < z.rows(); ++c) sum += std::exp((z(c, b) - most) / t);
  std::vector<long double> log_p;
  for (Index c = 0; c < z.rows(); ++c) log_p.push_back((z(c, b) - most) / t - std::log(sum));
  return log_p;
}

Losses<double> expected(const Matrix<double>& z, const Matrix<double>& v, const Labels& y,
                        const Case& c) {
  Losses<double> out{Matrix<double>::Ones(z.rows(), z.cols()), Vector<double>(z.cols()),
                     Vector<double>(z.cols())};
  for (Index b = 0; b < z.cols(); ++b) {
    const auto log_one = log_softmax(z, b, 1);
    const auto log_q = log_softmax(z, b, c.temperature);
    const auto log_p = log_softmax(v, b, c.temperature);
    long double kl = 0;
    for (Index k = 0; k < z.rows(); ++k) {
      const auto at = static_cast<std::size_t>(k);
      const long double p = std::exp(log_p[at]);
      if (p > 0) kl += p * (log_p[at] - log_q[at]);
      out.gradient(k, b) +=
          static_cast<double>(c.hard_scale * (std::exp(log_one[at]) - (k == y(b) ? 1 : 0)) +
                              c.soft_scale * c.temperature * (std::exp(log_q[at]) - p));
    }
    out.hard(b) = static_cast<double>(-log_one[static_cast<std::size_t>(y(b))]);
    out.soft(b) = static_cast<double>(kl * c.temperature * c.temperature);
  }
  return out;
}

template <class S>
void check_close(const Losses<S>& got, const Losses<double>& want, double tolerance) {
  const auto distance = [](const auto& a, const auto& b) {
    return ((a.template cast<double>() - b).array().abs() / (1 + b.array().abs())).maxCoeff();
  };
  CHECK(distance(got.gradient, want.gradient) < tolerance);
  CHECK(distance(got.hard, want.hard) < tolerance);
  CHECK(distance(got.soft, want.soft) < tolerance);
}

}  // namespace

// Few classes and many, batches that fill blocks of samples and do not.
TEMPLATE_TEST_CASE("both parts of distillation by definition", "[cpu][distillation_loss]", float,
                   double) {
  using S = TestType;
  const double tolerance = std::is_same_v<S, float> ? 5e-5 : 1e-12;
  for (const Index classes : {1, 2, 10, 256, 257, 300}) {
    for (const Index batch : {1, 3, 16, 33}) {
      const Matrix<S> z = random_matrix<S>(classes, batch, 1, 8);
      const Matrix<S> v = random_matrix<S>(classes, batch, 2, 8);
      const Labels y = random_labels(batch, classes, 3);
      for (const Case c : {Case{1, 1, 1}, Case{4, 0.3, 0.7}, Case{0.5, 0, 1}, Case{20, 1, 0}}) {
        INFO(classes << " classes, batch " << batch << ", T " << c.temperature);
        check_close(run<S>(z, v, y, c),
                    expected(z.template cast<double>(), v.template cast<double>(), y, c),
                    tolerance);
      }
    }
  }
}

TEMPLATE_TEST_CASE("logits of 1e4 do no harm", "[cpu][distillation_loss]", float, double) {
  using S = TestType;
  for (const Index classes : {10, 300}) {
    Matrix<S> z = random_matrix<S>(classes, 20, 1, 1e4);
    Matrix<S> v = random_matrix<S>(classes, 20, 2, 1e4);
    z.col(0).setConstant(S(-1e4));
    v.col(1).setConstant(S(1e4));
    z.col(2).setZero();
    z(3, 2) = S(1e4);
    const Labels y = random_labels(20, classes, 3);
    for (const double t : {0.5, 1., 20.}) {
      const Case c{t, 0.5, 0.5};
      const Losses<S> got = run<S>(z, v, y, c);
      CHECK(got.gradient.allFinite());
      check_close(got, expected(z.template cast<double>(), v.template cast<double>(), y, c),
                  std::is_same_v<S, float> ? 5e-4 : 1e-12);
    }
  }
}

TEMPLATE_TEST_CASE("the soft loss keeps its digits at every temperature",
                   "[cpu][distillation_loss]", float, double) {
  using S = TestType;
  constexpr Index batch = 17;
  for (const Index classes : {2, 10, 300}) {
    for (const double size : {1e-3, 1., 1e3}) {
      for (const double apart : {1., 1e-3}) {  // a student far from its teacher, and close to it
        const Matrix<S> v = random_matrix<S>(classes, batch, 2, size);
        const Matrix<S> z =
            random_matrix<S>(classes, batch, 1, size) * S(apart) + v * S(apart < 1 ? 1 : 0);
        for (const double t : kd::test::all_temperatures) {
          INFO(classes << " classes, logits of " << size << " * " << apart << ", T " << t);
          const Losses<S> got = run<S>(z, v, random_labels(batch, classes, 3), {t, 0, 1}, 0);
          const auto temperature = static_cast<long double>(static_cast<S>(t));
          constexpr long double tiny = std::numeric_limits<S>::epsilon();
          for (Index b = 0; b < batch; ++b) {
            const kd::test::ExactPair exact(z, v, b, temperature);
            const long double value = temperature * temperature * exact.forward_kl();
            // What long double cannot tell, and exponentials below the normal numbers.
            const long double floor =
                temperature * 1e-16L + 2 * temperature * static_cast<long double>(classes) *
                                           std::numeric_limits<S>::min() / tiny;
            CHECK(std::abs(got.soft(b) - value) <= 500 * tiny * value + floor);
            long double error = 0, norm = 0;
            for (Index c = 0; c < classes; ++c) {
              const long double slope = temperature * exact.difference(static_cast<std::size_t>(c));
              error += (got.gradient(c, b) - slope) * (got.gradient(c, b) - slope);
              norm += slope * slope;
            }
            CHECK(std::sqrt(error) <= 100 * tiny * std::sqrt(norm) + floor);
          }
        }
      }
    }
  }
}

TEMPLATE_TEST_CASE("a teacher that agrees costs nothing", "[cpu][distillation_loss]", float,
                   double) {
  using S = TestType;
  for (const Index classes : {10, 300}) {
    const Matrix<S> z = random_matrix<S>(classes, 20, 1, 30);
    for (const double t : {0.5, 1., 4., 20., 1e8}) {
      INFO(classes << " classes, T " << t);
      const Losses<S> got = run<S>(z, z, random_labels(20, classes, 3), {t, 0, 1}, 0);
      CHECK(got.soft.isZero(0));
      CHECK(got.gradient.isZero(0));
    }
  }
}

TEST_CASE("what is not asked for is left out", "[cpu][distillation_loss]") {
  const Index classes = GENERATE(10, 3000);  // samples side by side, and each by itself
  const Matrix<double> z = random_matrix<double>(classes, 5, 1, 3);
  const Matrix<double> v = random_matrix<double>(classes, 5, 2, 3);
  const Labels y = random_labels(5, classes, 3);
  const Losses<double> both = run<double>(z, v, y, {2, 0.3, 0.7});

  Vector<double> soft(5);
  cpu::op_soft_targets<double>(space, view(z), view(v), {}, 2, 0, 0.7, {}, Write::add, {},
                               view(soft));
  CHECK(soft == both.soft);
  Vector<double> hard(5);
  cpu::op_cross_entropy<double>(space, view(z), view(y), 0, {}, Write::add, view(hard));
  CHECK(hard == both.hard);

  Matrix<double> gradient = Matrix<double>::Zero(classes, 5);
  cpu::op_cross_entropy<double>(space, view(z), view(y), 0.3, view(gradient), Write::add,
                                view(hard));
  cpu::op_soft_targets<double>(space, view(z), view(v), {}, 2, 0, 0.7, view(gradient), Write::add,
                               {}, view(soft));
  CHECK(gradient.isApprox((both.gradient.array() - 1).matrix(), 1e-12));
}

TEMPLATE_TEST_CASE("a gradient is written where nobody has been before", "[cpu][distillation_loss]",
                   float, double) {
  using S = TestType;
  for (const Index classes : {10, 300}) {
    const Matrix<S> z = random_matrix<S>(classes, 20, 1, 8);
    const Matrix<S> v = random_matrix<S>(classes, 20, 2, 8);
    const Labels y = random_labels(20, classes, 3);
    const Case c{4, 0.3, 0.7};
    const S nan = std::numeric_limits<S>::quiet_NaN();
    const Losses<S> written = run<S>(z, v, y, c, nan, Write::overwrite);
    CHECK(written.gradient.isApprox(run<S>(z, v, y, c, S(0)).gradient, S(1e-6)));
    Matrix<S> nothing = Matrix<S>::Constant(classes, 20, nan);
    cpu::op_soft_targets<S>(space, view(z), view(v), {}, 4, 0, 0, view(nothing), Write::overwrite,
                            {}, {});
    CHECK((nothing.array() == S(0)).all());
  }
}

TEST_CASE("NaN and infinity are seen in the values", "[cpu][distillation_loss]") {
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    for (const Index classes : {10, 300}) {
      Matrix<double> z = random_matrix<double>(classes, 3, 1);
      z(4, 1) = bad;
      const Losses<double> got = run<double>(z, random_matrix<double>(classes, 3, 2),
                                             random_labels(3, classes, 3), {2, 1, 1});
      CHECK(std::isfinite(got.hard(0)));
      CHECK_FALSE(std::isfinite(got.hard(1)));
      CHECK_FALSE(std::isfinite(got.soft(1)));
      CHECK(std::isfinite(got.soft(2)));
    }
  }
}

TEST_CASE("losses are the same on any number of threads", "[cpu][distillation_loss]") {
  const Matrix<float> z = random_matrix<float>(100, 1000, 1, 3);
  const Matrix<float> v = random_matrix<float>(100, 1000, 2, 3);
  const Labels y = random_labels(1000, 100, 3);
  const Losses<float> alone = run<float>(z, v, y, {2, 1, 1});
  const kd::test::Threads use(2);
  const Losses<float> shared = run<float>(z, v, y, {2, 1, 1});
  CHECK(shared.gradient == alone.gradient);
  CHECK(shared.hard == alone.hard);
  CHECK(shared.soft == alone.soft);
}
