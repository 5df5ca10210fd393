// SPDX-License-Identifier: MIT
#include "kd/cpu/ops/gather.hpp"

#include "kd/core/matrix.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"
#include "support/threads.hpp"

using namespace kd;

namespace {

constexpr cpu::Space space{};

template <class T, class S>
Matrix<S> gather(const Matrix<T>& samples, const Vector<Index>& indices, S scale) {
  Matrix<S> out = Matrix<S>::Constant(samples.rows(), indices.size(), S(-1));
  cpu::op_gather<T, S>(space, view(samples), view(indices), scale, view(out));
  return out;
}

Vector<Index> some_indices(Index count, Index samples) {
  Rng rng(3);
  Vector<Index> indices(count);
  for (Index& i : indices) i = rng.below(samples);
  return indices;
}

}  // namespace

TEMPLATE_TEST_CASE("samples are gathered by index and widened", "[cpu][gather]", float, double) {
  using S = TestType;
  for (const Index features : {1, 5, 16, 17, 784}) {
    Matrix<std::uint8_t> bytes(features, 50);
    Rng rng(1);
    for (Index i = 0; i < bytes.size(); ++i)
      bytes.data()[i] = static_cast<std::uint8_t>(rng.below(256));
    bytes(0, 0) = 255;
    const Vector<Index> indices = some_indices(33, 50);
    const Matrix<S> got = gather<std::uint8_t, S>(bytes, indices, S(1) / 255);
    const Matrix<float> floats = kd::test::random_matrix<float>(features, 50, 2);
    const Matrix<S> copied = gather<float, S>(floats, indices, S(1));
    for (Index b = 0; b < indices.size(); ++b) {
      CHECK(got.col(b) == (bytes.col(indices(b)).template cast<S>() * (S(1) / 255)));
      CHECK(copied.col(b) == floats.col(indices(b)).template cast<S>());
    }
  }
}

TEST_CASE("gathering is the same on any number of threads", "[cpu][gather]") {
  const Matrix<float> samples = kd::test::random_matrix<float>(784, 300, 1);
  const Vector<Index> indices = some_indices(500, 300);
  const Matrix<float> alone = gather<float, float>(samples, indices, 2.F);
  const kd::test::Threads use(2);
  CHECK(gather<float, float>(samples, indices, 2.F) == alone);
}

TEST_CASE("indices count from the place of the first sample", "[cpu][gather]") {
  const Matrix<float> samples = kd::test::random_matrix<float>(7, 50, 1);
  const Vector<Index> indices = some_indices(20, 30).array() + 20;
  const Matrix<float> part = samples.rightCols(30);
  Matrix<float> out(7, 20);
  cpu::op_gather(space, view(part), view(indices), 1.F, view(out), 20);
  CHECK(out == gather<float, float>(samples, indices, 1.F));
}

TEST_CASE("labels are gathered by index", "[cpu][gather]") {
  const Labels labels = kd::test::random_labels(50, 10, 1);
  const Vector<Index> indices = some_indices(20, 50);
  Labels out(20);
  cpu::op_gather_labels(space, view(labels), view(indices), view(out));
  for (Index b = 0; b < 20; ++b) CHECK(out(b) == labels(indices(b)));
}
