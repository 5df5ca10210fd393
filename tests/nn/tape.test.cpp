// SPDX-License-Identifier: MIT
#include "kd/nn/tape.hpp"

#include <cstdint>

#include "kd/core/matrix.hpp"
#include "kd/nn/dropout.hpp"
#include "kd/nn/linear.hpp"
#include "kd/nn/relu.hpp"
#include "kd/nn/sequential.hpp"
#include "support/catch.hpp"

using namespace kd;

namespace {

using Net = Sequential<Linear<3, 5>, Dropout, ReLU, Linear<5, 2>>;

Matrix<float> inputs(Index batch) { return Matrix<float>::Constant(3, batch, 1.F); }

}  // namespace

TEST_CASE("a tape has room for the largest batch and serves smaller ones", "[nn][tape]") {
  Tape<float> tape(Net(), 4, Mode::training);
  CHECK(tape.capacity() == 4);
  CHECK(tape.depth() == 4);
  for (const Index batch : {4, 1, 3}) {
    const Matrix<float> x = inputs(batch);
    tape.begin(view(x));
    CHECK(tape.batch() == batch);
    CHECK(tape.value(0).data == x.data());  // not copied
    CHECK(tape.value(1).rows == 5);
    CHECK(tape.value(1).cols == batch);
    CHECK(tape.logits().rows == 2);
    CHECK(tape.grad(4).cols == batch);
    CHECK(tape.cache(2).rows == 5);
    CHECK(tape.cache(1).empty());
  }
}

TEST_CASE("a tape refuses what it has no room for", "[nn][tape]") {
  Tape<float> tape(Net(), 4, Mode::training);
  const Matrix<float> more = inputs(5);
  CHECK_THROWS_WITH(tape.begin(view(more)), "Tape: made for 4 samples, got 5");
  const Matrix<float> wrong = Matrix<float>::Zero(4, 2);
  CHECK_THROWS_WITH(tape.begin(view(wrong)), "Tape: expected 3 input features, got 4");
  CHECK_THROWS_WITH(Tape<float>(Net(), 0, Mode::training),
                    "Tape: capacity must be at least 1, got 0");
}

TEST_CASE("a gradient is zero at its first touch in a step, then added to", "[nn][tape]") {
  Tape<float> tape(Net(), 2, Mode::training);
  const Matrix<float> x = inputs(2);
  for (int step = 0; step < 2; ++step) {
    tape.begin(view(x));
    CHECK_FALSE(tape.has_grad(4));
    CHECK(map(tape.grad(4)).isZero(0));
    map(tape.grad(4)).setConstant(3.F);
    CHECK(map(tape.grad(4)).isConstant(3.F));
    CHECK(tape.has_grad(4));
    CHECK_FALSE(tape.has_grad(3));
  }
}

TEST_CASE("a kernel that can overwrite is told whether it may", "[nn][tape]") {
  Tape<float> tape(Net(), 2, Mode::training);
  const Matrix<float> x = inputs(2);
  tape.begin(view(x));
  CHECK(tape.claim_grad(3).second == Write::overwrite);
  CHECK(tape.claim_grad(3).second == Write::add);
  tape.grad(1);
  CHECK(tape.claim_grad(1).second == Write::add);
  CHECK(tape.claim_grad(1).first.data == tape.grad(1).data);
}

TEST_CASE("parts of a tape begin on cache lines and do not overlap", "[nn][tape]") {
  Tape<double> tape(Net(), 3, Mode::training);
  const Matrix<double> x = Matrix<double>::Ones(3, 3);
  tape.begin(view(x));
  for (Index i = 1; i <= 4; ++i) {
    map(tape.output(i)).setConstant(static_cast<double>(i));
    map(tape.grad(i)).setConstant(static_cast<double>(10 * i));
    CHECK(reinterpret_cast<std::uintptr_t>(tape.output(i).data) % 64 == 0);
    CHECK(reinterpret_cast<std::uintptr_t>(tape.grad(i).data) % 64 == 0);
  }
  map(tape.cache(2)).setConstant(100.);
  for (Index i = 1; i <= 4; ++i) {
    CHECK(map(tape.value(i)).isConstant(static_cast<double>(i)));
    CHECK(map(tape.grad(i)).isConstant(static_cast<double>(10 * i)));
  }
}

TEST_CASE("in inference a layer that changes nothing has no room of its own", "[nn][tape]") {
  Tape<float> tape(Net(), 2, Mode::inference);
  const Matrix<float> x = inputs(2);
  tape.begin(view(x));
  CHECK(tape.same_as(2) == 1);
  CHECK(tape.value(2).data == tape.value(1).data);
  CHECK(tape.same_as(3) == 3);
  CHECK(tape.cache(2).empty());

  Tape<float> first(Sequential<Dropout, Linear<3, 2>>(), 2, Mode::inference);
  first.begin(view(x));
  CHECK(first.value(1).data == x.data());
}
