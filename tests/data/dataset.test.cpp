// SPDX-License-Identifier: MIT
#include "kd/data/dataset.hpp"

#include <algorithm>
#include <limits>
#include <memory>

#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;

namespace {

Matrix<float> five_samples() { return kd::test::random_matrix<float>(3, 5, 1); }

Labels labels(std::initializer_list<Label> list) {
  Labels all(static_cast<Index>(list.size()));
  std::copy(list.begin(), list.end(), all.begin());
  return all;
}

}  // namespace

TEST_CASE("a data set holds floats as they are", "[data][dataset]") {
  const Matrix<float> x = five_samples();
  const Dataset data(x, labels({0, 2, 1, 2, 0}));
  CHECK(data.size() == 5);
  CHECK(data.features() == 3);
  CHECK(data.classes() == 3);
  CHECK(data.inputs() == x);
  CHECK(data.labels().data[1] == 2);
  CHECK(Dataset(x, labels({0, 2, 1, 2, 0}), 10).classes() == 10);
}

TEST_CASE("a data set holds bytes as they are and gives 255 as one", "[data][dataset]") {
  Bytes x(2, 2);
  x << 0, 255, 51, 102;
  const Dataset data(x, labels({0, 1}));
  CHECK(data.inputs()(0, 1) == 1);
  CHECK(data.inputs()(1, 0) == Approx(0.2F));
  data.visit([&](const auto& stored, float scale) {
    CHECK(std::is_same_v<std::remove_cvref_t<decltype(*stored.data)>, std::uint8_t>);
    CHECK(scale == 1.F / 255);
  });
}

TEST_CASE("a data set takes expressions", "[data][dataset]") {
  const Matrix<float> x = five_samples();
  const Labels y = labels({0, 2, 1, 2, 0});
  CHECK(Dataset(x * 2, y).inputs() == 2 * x);
  CHECK(Dataset(x.array() + 1, y).inputs() == (x.array() + 1).matrix());
  CHECK(Dataset(x.topRows(2), y, 4).features() == 2);
  const Dataset bytes(Bytes::Constant(2, 5, 255), y);
  CHECK(bytes.inputs() == Matrix<float>::Ones(2, 5));
}

TEST_CASE("copies and slices share the samples", "[data][dataset]") {
  const auto whole = std::make_unique<Dataset>(five_samples(), labels({0, 2, 1, 2, 0}));
  const Dataset part = whole->slice(1, 3);
  CHECK(part.size() == 3);
  CHECK(part.classes() == 3);
  CHECK(part.labels().data == whole->labels().data + 1);
  CHECK(part.inputs() == five_samples().middleCols(1, 3));
  CHECK(part.slice(2, 1).labels().data[0] == 2);
  const Dataset copy = *whole;
  CHECK(copy.labels().data == whole->labels().data);
}

TEST_CASE("a slice outlives the set it was taken from", "[data][dataset]") {
  auto whole = std::make_unique<Dataset>(five_samples(), labels({0, 2, 1, 2, 0}));
  const Dataset part = whole->slice(3, 2);
  whole.reset();
  CHECK(part.inputs() == five_samples().rightCols(2));
  CHECK(part.labels().data[0] == 2);
}

TEST_CASE("a slice lies within the set", "[data][dataset]") {
  const Dataset data(five_samples(), labels({0, 2, 1, 2, 0}));
  CHECK_THROWS_WITH(data.slice(3, 3),
                    "Dataset::slice: expected samples within 0 to 4, got 3 from 3");
  CHECK_THROWS_AS(data.slice(-1, 2), ShapeError);
  CHECK_THROWS_AS(data.slice(0, 0), ShapeError);
  CHECK_THROWS_AS(data.slice(1, std::numeric_limits<Index>::max()), ShapeError);
  CHECK_NOTHROW(data.slice(0, 5));
}

TEST_CASE("views are not copied", "[data][dataset]") {
  const Matrix<float> x = five_samples();
  const Labels y = labels({0, 2, 1, 2, 0});
  const auto data = Dataset::of_views(view(x), view(y));
  CHECK(data.labels().data == y.data());
  data.visit(
      [&](const auto& stored, float) { CHECK(static_cast<const void*>(stored.data) == x.data()); });
  const Bytes bytes = Bytes::Zero(3, 5);
  CHECK(Dataset::of_views(view(bytes), view(y)).features() == 3);
}

TEST_CASE("samples that cannot be used are refused", "[data][dataset]") {
  const Matrix<float> x = five_samples();
  CHECK_THROWS_AS(Dataset(Matrix<float>(3, 0), Labels()), DataError);
  CHECK_THROWS_WITH(Dataset(Matrix<float>(3, 0), Labels()),
                    "Dataset: expected at least one sample, got inputs (3 features, 0 samples)");
  CHECK_THROWS_AS(Dataset(Matrix<float>(0, 3), Labels::Zero(3)), DataError);
  CHECK_THROWS_AS(Dataset(x, labels({0, 1})), ShapeError);
  CHECK_THROWS_WITH(Dataset(x, labels({0, 1})),
                    "Dataset: expected as many labels as samples, got 2 labels for 5 samples");
  CHECK_THROWS_AS(Dataset(x, labels({0, -1, 0, 0, 0})), DataError);
  CHECK_THROWS_WITH(Dataset(x, labels({0, -1, 0, 0, 0})),
                    "label of sample 1: expected 0 to 0, got -1");
  CHECK_THROWS_WITH(Dataset(x, labels({1, 2, 3, 3, 1}), 3),
                    ContainsSubstring("they look 1-based; subtract 1"));
  for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    Matrix<float> broken = x;
    broken(2, 3) = bad;
    CHECK_THROWS_AS(Dataset(broken, labels({0, 2, 1, 2, 0})), DataError);
    CHECK_THROWS_WITH(
        Dataset(broken, labels({0, 2, 1, 2, 0})),
        ContainsSubstring("expected finite inputs, got ") && EndsWith(" at sample 3, feature 2"));
  }
  CHECK_THROWS_AS(Dataset(x, labels({0, 2, 1, 2, 0}), -1), DataError);
}
