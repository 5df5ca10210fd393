// SPDX-License-Identifier: MIT
//
// Operations that get room to work in share it out to their samples, whoever computes these.

#include "kd/cpu/ops/attention_transfer.hpp"
#include "kd/cpu/ops/transport.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"
#include "support/threads.hpp"

using namespace kd;
using kd::test::random_labels;
using kd::test::random_matrix;

namespace {

constexpr cpu::Space space{};

/// What `run(gradient, values)` gives on one thread, it gives on two.
template <class Run>
void check_same_on_two(Index rows, Index batch, const Run& run) {
  const auto both = [&] {
    Matrix<float> all = Matrix<float>::Zero(rows + 1, batch);
    Matrix<float> gradient = Matrix<float>::Zero(rows, batch);
    Vector<float> values(batch);
    run(view(gradient), view(values));
    all.topRows(rows) = gradient;
    all.bottomRows(1) = values.transpose();
    return all;
  };
  const Matrix<float> alone = both();
  const kd::test::Threads use(2);
  for (int again = 0; again < 20; ++again) REQUIRE(both() == alone);
}

}  // namespace

TEST_CASE("attention is the same on any number of threads", "[cpu][rooms]") {
  const Index area = 64;
  const Matrix<float> student = random_matrix<float>(32 * area, 40, 1);
  const Matrix<float> teacher = random_matrix<float>(64 * area, 40, 2);
  Matrix<float> room(2 * area, 40);
  check_same_on_two(student.rows(), 40, [&](MatrixView<float> gradient, VectorView<float> values) {
    cpu::op_attention_transfer<float>(space, area, view(student), view(teacher), 1, gradient,
                                      values, view(room));
  });
}

TEST_CASE("transport is the same on any number of threads", "[cpu][rooms]") {
  const Index classes = 50;
  const Index rounds = 5;
  const Matrix<float> student = random_matrix<float>(classes, 40, 1);
  const Matrix<float> teacher = random_matrix<float>(classes, 40, 2);
  const Labels labels = random_labels(40, classes, 3);
  const Matrix<float> costs = random_matrix<float>(classes, classes, 4).cwiseAbs();
  const Matrix<float> kernel = (-costs.array()).exp();
  const Matrix<float> kernel_costs = kernel.cwiseProduct(costs);
  Matrix<float> room((9 + 2 * rounds) * classes, 40);
  check_same_on_two(classes, 40, [&](MatrixView<float> gradient, VectorView<float> values) {
    cpu::op_transport<float>(space, view(student), view(teacher), view(labels), view(kernel),
                             view(kernel_costs), 2, rounds, 1, gradient, values, view(room));
  });
}
