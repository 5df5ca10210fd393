// SPDX-License-Identifier: MIT
#include "kd/cpu/ops/top_k.hpp"

#include <array>
#include <cmath>
#include <limits>

#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::random_matrix;

namespace {

constexpr cpu::Space space{};
constexpr float infinity = std::numeric_limits<float>::infinity();

template <class S>
struct Table {
  Matrix<Label> classes;
  Matrix<S> logits;
  Vector<S> tail;
  Index first_sample = 0;

  Table(const Matrix<S>& all, Index k, S temperature)
      : classes(Matrix<Label>::Constant(k, all.cols(), -1)),
        logits(Matrix<S>::Constant(k, all.cols(), S(7))),
        tail(Vector<S>::Constant(all.cols(), S(7))) {
    cpu::op_top_k<S>(space, kd::view(all), temperature,
                     {kd::view(classes), kd::view(logits), kd::view(tail), 0});
  }
  TopKTable<const S, cpu::Space> view() const {
    return {kd::view(classes), kd::view(logits), kd::view(tail), first_sample};
  }
};

template <class S>
struct Loss {
  Vector<S> values;
  Matrix<S> gradient;

  Loss(const Matrix<S>& student, const Table<S>& table, const Vector<Index>& indices, S temperature,
       MissingMass missing)
      : values(student.cols()), gradient(Matrix<S>::Zero(student.rows(), student.cols())) {
    cpu::op_top_k_divergence<S>(space, view(student), table.view(), view(indices), temperature,
                                missing, S(1), view(gradient), view(values));
  }
};

constexpr std::array all_ways{MissingMass::renormalise, MissingMass::tail_bucket,
                              MissingMass::uniform_tail};

}  // namespace

TEST_CASE("where all classes are kept the tail is zero", "[cpu][top_k]") {
  CHECK(Table<float>(random_matrix<float>(3, 2, 1), 3, 4).tail == Vector<float>{{0, 0}});
}

TEST_CASE("classes that are impossible leave a tail that is", "[cpu][top_k]") {
  const Table<float> table(Matrix<float>{{-infinity}, {2}, {-infinity}}, 1, 4);
  CHECK(table.classes(0, 0) == 1);
  CHECK(table.tail(0) == -infinity);
}

TEST_CASE("samples of a table are counted from its first", "[cpu][top_k]") {
  const Matrix<double> teacher = random_matrix<double>(5, 4, 1);
  const Matrix<double> student = random_matrix<double>(5, 2, 2);
  Table<double> table(teacher, 2, 3);
  const Vector<Index> near{{3, 1}};
  Matrix<double> filled(5, 2);
  cpu::op_fill_logits<double>(space, table.view(), view(near), view(filled));
  const Loss<double> loss(student, table, near, 3, MissingMass::tail_bucket);

  table.first_sample = 100;
  const Vector<Index> far{{103, 101}};
  Matrix<double> filled_far(5, 2);
  cpu::op_fill_logits<double>(space, table.view(), view(far), view(filled_far));
  const Loss<double> loss_far(student, table, far, 3, MissingMass::tail_bucket);
  CHECK(filled_far == filled);
  CHECK(loss_far.values == loss.values);
  CHECK(loss_far.gradient == loss.gradient);
}

TEST_CASE("a student that gives the kept classes next to nothing is told how little",
          "[cpu][top_k]") {
  const Table<float> table(Matrix<float>{{3}, {0}, {-1}}, 1, 1);
  // The others' probability is near 1 in a float, and then is 1.
  for (const float z : {-10.F, -60.F}) {
    const Loss<float> loss(Matrix<float>{{z}, {0}, {1}}, table, Vector<Index>{{0}}, 1,
                           MissingMass::renormalise);
    const double sum = std::exp(static_cast<double>(z)) + 1 + std::exp(1.);
    CHECK_THAT(loss.values(0), WithinRel(static_cast<float>(std::log(sum) - z), 1e-6F));
  }
}

TEST_CASE("impossible classes have no probability at any temperature", "[cpu][top_k]") {
  const double temperature = 30;
  const Matrix<double> teacher{{2}, {1}, {-infinity}, {-infinity}};
  const Matrix<double> student = random_matrix<double>(4, 1, 3);
  const Table<double> table(teacher, 2, temperature);
  const Vector<Index> first{{0}};
  const Loss<double> known(student, table, first, temperature, MissingMass::renormalise);
  for (const MissingMass way : all_ways) {
    const Loss<double> loss(student, table, first, temperature, way);
    CHECK_THAT(loss.values(0), WithinRel(known.values(0), 1e-12));
    CHECK(loss.gradient.isApprox(known.gradient, 1e-12));
  }
}
