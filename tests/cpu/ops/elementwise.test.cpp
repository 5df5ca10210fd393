// SPDX-License-Identifier: MIT
#include <limits>

#include "kd/cpu/ops/copy.hpp"
#include "kd/cpu/ops/dropout.hpp"
#include "kd/cpu/ops/multiply.hpp"
#include "kd/cpu/ops/relu.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"
#include "support/threads.hpp"

using namespace kd;
using kd::test::random_matrix;

namespace {

constexpr cpu::Space space{};
// Whole pieces of work, and what is left over.
const Index sizes[] = {0, 1, 63, 64, 65, 2047, 2048, 2049, 10'000};

template <class S>
VectorView<const S> all(const Matrix<S>& x) {
  return view(x).flat();
}
template <class S>
VectorView<S> all(Matrix<S>& x) {
  return view(x).flat();
}

}  // namespace

TEMPLATE_TEST_CASE("relu forward and backward", "[cpu][elementwise]", float, double) {
  using S = TestType;
  for (const Index size : sizes) {
    const Matrix<S> x = random_matrix<S>(size, 1, 1);
    const Matrix<S> dy = random_matrix<S>(size, 1, 2);
    Matrix<S> y(size, 1);
    Matrix<S> dx = Matrix<S>::Constant(size, 1, std::numeric_limits<S>::quiet_NaN());
    cpu::op_relu_forward(space, all(x), all(y));
    cpu::op_relu_backward(space, all(std::as_const(y)), all(dy), all(dx), Write::overwrite);
    Matrix<S> sum = Matrix<S>::Constant(size, 1, 2);
    cpu::op_relu_backward(space, all(std::as_const(y)), all(dy), all(sum), Write::add);
    Index wrong = 0;
    for (Index i = 0; i < size; ++i) {
      const bool open = x(i) > 0;
      if (y(i) != (open ? x(i) : 0) || dx(i) != (open ? dy(i) : 0) ||
          sum(i) != S(2) + (open ? dy(i) : S(0)))
        ++wrong;
    }
    INFO("size " << size);
    CHECK(wrong == 0);
  }
}

TEST_CASE("the gradient of relu at zero is zero, of either sign", "[cpu][elementwise]") {
  Matrix<float> x(3, 1);
  x << 0.F, -0.F, std::numeric_limits<float>::denorm_min();
  Matrix<float> y(3, 1);
  Matrix<float> dx(3, 1);
  const Matrix<float> dy = Matrix<float>::Ones(3, 1);
  cpu::op_relu_forward(space, all(std::as_const(x)), all(y));
  cpu::op_relu_backward(space, all(std::as_const(y)), all(dy), all(dx), Write::overwrite);
  CHECK(dx(0) == 0);
  CHECK(dx(1) == 0);
  CHECK(dx(2) == 1);
}

TEMPLATE_TEST_CASE("relu lets NaN through, wherever it stands", "[cpu][elementwise]", float,
                   double) {
  using S = TestType;
  const Matrix<S> x = Matrix<S>::Constant(19, 1, std::numeric_limits<S>::quiet_NaN());
  Matrix<S> y = Matrix<S>::Zero(19, 1);
  cpu::op_relu_forward(space, all(x), all(y));
  CHECK(y.array().isNaN().all());
}

TEMPLATE_TEST_CASE("a dropout mask follows the generator's words", "[cpu][elementwise]", float,
                   double) {
  using S = TestType;
  const Rng rng(17);
  const double at_a_word = static_cast<double>(rng.word(0)) * 0x1p-32;
  for (const double p : {0., 0.2, 0.5, 0.999, at_a_word}) {
    for (const Index size : sizes) {
      const Matrix<S> x = random_matrix<S>(size, 1, 1);
      Matrix<S> mask = Matrix<S>::Constant(size, 1, std::numeric_limits<S>::quiet_NaN());
      Matrix<S> y = mask;
      cpu::op_dropout_forward(space, rng, p, all(x), all(mask), all(y));
      Index wrong = 0;
      for (Index i = 0; i < size; ++i) {
        const bool kept =
            static_cast<double>(rng.word(static_cast<std::uint64_t>(i))) >= p * 0x1p32;
        const S expected = kept ? static_cast<S>(1 / (1 - p)) : S(0);
        if (mask(i) != expected || y(i) != x(i) * expected) ++wrong;
      }
      INFO("p " << p << ", size " << size);
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("elementwise operations are the same on any number of threads", "[cpu][elementwise]") {
  const Matrix<float> x = random_matrix<float>(500, 301, 1);
  const auto run = [&] {
    Matrix<float> mask(x.rows(), x.cols());
    Matrix<float> y(x.rows(), x.cols());
    Matrix<float> dx(x.rows(), x.cols());
    cpu::op_dropout_forward(space, Rng(3), 0.5, all(x), all(mask), all(y));
    cpu::op_relu_forward(space, all(std::as_const(y)), all(y));
    cpu::op_multiply(space, all(std::as_const(y)), all(std::as_const(mask)), all(dx),
                     Write::overwrite);
    return dx;
  };
  const Matrix<float> alone = run();
  const kd::test::Threads use(2);
  CHECK(run() == alone);
}

TEST_CASE("products and copies overwrite or add", "[cpu][elementwise]") {
  for (const Index size : sizes) {
    const Matrix<double> a = random_matrix<double>(size, 1, 1);
    const Matrix<double> b = random_matrix<double>(size, 1, 2);
    Matrix<double> y = Matrix<double>::Constant(size, 1, std::numeric_limits<double>::quiet_NaN());
    cpu::op_multiply(space, all(a), all(b), all(y), Write::overwrite);
    CHECK(y == a.cwiseProduct(b));
    cpu::op_copy(space, all(a), all(y), Write::overwrite);
    CHECK(y == a);
    cpu::op_copy(space, all(b), all(y), Write::add);
    CHECK(y == a + b);
    cpu::op_multiply(space, all(a), all(b), all(y), Write::add);
    CHECK(y.isApprox(a + b + a.cwiseProduct(b), 1e-15));
  }
}
