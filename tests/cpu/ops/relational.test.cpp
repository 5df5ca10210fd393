// SPDX-License-Identifier: MIT
#include "kd/cpu/ops/relational.hpp"

#include <cmath>
#include <limits>
#include <utility>

#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::random_matrix;

namespace {

template <class S>
struct Relations {
  S distance, angle;
  Matrix<S> gradient;
};

/// The sum of both losses, each a mean over the batch, and its gradient.
template <class S>
Relations<S> relations(const Matrix<S>& f, const Matrix<S>& g) {
  const cpu::Space space;
  const Index batch = f.cols();
  Matrix<S> d(batch, 2 * batch), e(batch, 2 * batch), room(batch, batch);
  Matrix<S> pull = Matrix<S>::Zero(batch, batch);
  Relations<S> out{S(0), S(0), Matrix<S>::Zero(f.rows(), batch)};
  Vector<S> values(batch);
  const auto read = [](const Matrix<S>& m) { return view(m); };
  const S scale = S(1) / static_cast<S>(batch);
  cpu::op_pair_distances(space, read(f), view(d));
  cpu::op_pair_distances(space, read(g), view(e));
  cpu::op_relational_distance(space, read(d), read(e), scale, view(pull), view(room), view(values));
  out.distance = values.mean();
  cpu::op_relational_angle(space, read(f), read(d), read(g), read(e), scale, view(pull), view(room),
                           view(values));
  out.angle = values.mean();
  cpu::op_add_pulls(space, read(f), read(pull), view(out.gradient));
  return out;
}

/// The same by definition, from the edges between samples.
template <class S>
Relations<long double> defined(const Matrix<S>& student, const Matrix<S>& teacher) {
  using Long = Matrix<long double>;
  const Long f = student.template cast<long double>();
  const Long g = teacher.template cast<long double>();
  const Index batch = f.cols();
  const auto unit = [](const Long& x, Index i, Index j) -> Vector<long double> {
    const Vector<long double> e = x.col(j) - x.col(i);
    return e.norm() > 0 ? Vector<long double>(e / e.norm()) : e;
  };
  const auto mean = [&](const Long& x) {
    long double sum = 0;
    for (Index i = 0; i < batch; ++i)
      for (Index j = 0; j < batch; ++j) sum += (x.col(i) - x.col(j)).norm();
    return sum / static_cast<long double>(batch * (batch - 1));
  };
  const long double s = mean(f), t = mean(g);
  const auto pairs = static_cast<long double>(batch * batch);
  Relations<long double> out{0, 0, Long::Zero(f.rows(), batch)};
  const auto clamp = [](long double x) { return std::min(1.L, std::max(-1.L, x)); };
  long double through_mean = 0;
  for (Index i = 0; i < batch; ++i) {
    for (Index j = 0; j < batch; ++j) {
      const long double length = (f.col(j) - f.col(i)).norm();
      const long double gap = length / s - (g.col(j) - g.col(i)).norm() / t;
      const long double slope = clamp(gap);
      out.distance += slope * (gap - slope / 2) / pairs;
      through_mean +=
          slope * length / (s * s) / pairs / static_cast<long double>(batch * (batch - 1));
      out.gradient.col(j) += 2 * slope / s / pairs * unit(f, i, j);
    }
  }
  for (Index i = 0; i < batch; ++i)
    for (Index j = 0; j < batch; ++j) out.gradient.col(j) -= 2 * through_mean * unit(f, i, j);
  for (Index i = 0; i < batch; ++i) {
    for (Index j = 0; j < batch; ++j) {
      for (Index k = 0; k < batch; ++k) {
        const Vector<long double> to_j = unit(f, i, j), to_k = unit(f, i, k);
        const long double cosine = to_j.dot(to_k);
        const long double gap = cosine - unit(g, i, j).dot(unit(g, i, k));
        const long double slope = clamp(gap);
        out.angle += slope * (gap - slope / 2) / pairs / static_cast<long double>(batch);
        const long double length = (f.col(j) - f.col(i)).norm();
        if (length == 0) continue;
        const Vector<long double> turn =
            2 * slope / pairs / static_cast<long double>(batch) / length * (to_k - cosine * to_j);
        out.gradient.col(j) += turn;
        out.gradient.col(i) -= turn;
      }
    }
  }
  return out;
}

template <class S>
void check_defined(const Matrix<S>& f, const Matrix<S>& g, long double units) {
  const auto got = relations(f, g);
  const auto want = defined(f, g);
  const long double tolerance = units * std::numeric_limits<S>::epsilon();
  CHECK(std::abs(got.distance - want.distance) <= tolerance * want.distance);
  CHECK(std::abs(got.angle - want.angle) <= tolerance * want.angle);
  CHECK((got.gradient.template cast<long double>() - want.gradient).norm() <=
        tolerance * (want.gradient.norm() + want.angle / f.cwiseAbs().maxCoeff()));
}

}  // namespace

// A sample moves towards another one: its direction counts until there is none.
TEMPLATE_TEST_CASE("close samples keep their direction", "[cpu][relational]", float, double) {
  using S = TestType;
  const Matrix<S> g = random_matrix<S>(5, 8, 1);
  Matrix<S> f = random_matrix<S>(4, 8, 2);
  const Vector<S> direction = random_matrix<S>(4, 1, 3);
  f.col(0).setZero();  // what is close to it keeps all digits
  for (S distance = S(1); distance > (std::is_same_v<S, float> ? S(1e-6) : S(1e-14));
       distance /= 4) {
    INFO("distance " << distance);
    f.col(1) = distance * direction;
    check_defined<S>(f, g, 200);
    check_defined<S>(g, Matrix<S>(f), 200);
  }
}

TEMPLATE_TEST_CASE("each sample is asked whether others are close to it", "[cpu][relational]",
                   float, double) {
  using S = TestType;
  const Matrix<S> g = random_matrix<S>(5, 8, 1);
  Matrix<S> f = random_matrix<S>(4, 8, 2);
  f.col(5).setZero();  // the first sample and the last are far from all others
  f.col(3) = std::numeric_limits<S>::epsilon() * S(64) * random_matrix<S>(4, 1, 3);
  check_defined<S>(f, g, 200);
}

TEST_CASE("samples that are all the same have no distances to compare", "[cpu][relational]") {
  const Matrix<double> f = Matrix<double>::Ones(4, 6);
  const Matrix<double> g = random_matrix<double>(5, 6, 1);
  for (const auto& [student, teacher] : {std::pair{f, g}, std::pair{g, f}}) {
    const auto got = relations(student, teacher);
    CHECK(std::isfinite(got.distance));
    CHECK(std::isfinite(got.angle));
    CHECK(got.distance > 0);
    CHECK(got.gradient.allFinite());
  }
}

TEST_CASE("distances count against their mean, however small it is", "[cpu][relational]") {
  const Matrix<double> f = random_matrix<double>(4, 6, 2);
  const Matrix<double> g = random_matrix<double>(5, 6, 1);
  const auto want = relations(f, g);
  const auto got = relations(Matrix<double>(f * 0x1p-20), Matrix<double>(g * 0x1p-20));
  CHECK_THAT(got.distance, WithinRel(want.distance, 1e-12));
  CHECK_THAT(got.angle, WithinRel(want.angle, 1e-12));
}

TEMPLATE_TEST_CASE("a direction vanishes without a jump, and equal samples have none",
                   "[cpu][relational]", float, double) {
  using S = TestType;
  const Matrix<S> g = random_matrix<S>(5, 8, 1);
  Matrix<S> f = random_matrix<S>(4, 8, 2);
  const Vector<S> direction = random_matrix<S>(4, 1, 3);
  f.col(0).setZero();
  f.col(1).setZero();
  const auto equal = relations(f, g);
  CHECK(equal.gradient.allFinite());
  CHECK(equal.gradient.norm() > 0);
  check_defined<S>(f, g, 200);
  S last = equal.angle;
  S largest_step = 0;
  const S least = std::numeric_limits<S>::epsilon() * S(1e-3);
  for (S distance = least; distance < S(100) * S(1e3) * least; distance *= S(1.1)) {
    f.col(1) = distance * direction;
    const auto here = relations(f, g);
    REQUIRE(here.gradient.allFinite());
    largest_step = std::max(largest_step, std::abs(here.angle - last));
    last = here.angle;
  }
  const S all = std::abs(last - equal.angle);
  REQUIRE(all > S(1e-3));
  CHECK(largest_step < S(0.3) * all);
}

// Features of one size and far from zero; an outlier makes all other distances small.
TEMPLATE_TEST_CASE("relations by definition", "[cpu][relational]", float, double) {
  using S = TestType;
  for (const Index features : {1, 20, 300}) {
    Matrix<S> f = random_matrix<S>(features, 9, 1);
    const Matrix<S> g = random_matrix<S>(7, 9, 2);
    INFO(features << " features");
    check_defined<S>(f, g, 200);
    f.col(4) *= S(1000);
    check_defined<S>(f, g, 200);
    f.array() += S(64);
    check_defined<S>(f, g, 200);
  }
}

TEST_CASE("a distance below the rounding of features is inverted as if it were that long",
          "[cpu][relational]") {
  const Matrix<double> features{{0, 1e-14, 1000}};
  Matrix<double> both(3, 6);
  cpu::op_pair_distances<double>(cpu::Space{}, view(features), view(both));
  CHECK(both(1, 0) == 1e-14);
  const double mean = 2 * (1e-14 + 1000 + (1000 - 1e-14)) / 6;
  CHECK_THAT(both(1, 3), WithinRel(1 / (std::numeric_limits<double>::epsilon() * mean), 1e-12));
  CHECK_THAT(both(2, 3), WithinRel(1e-3, 1e-12));
  CHECK(both(0, 3) == 0);
}
