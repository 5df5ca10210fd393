// SPDX-License-Identifier: MIT
#include "kd/data/dataset.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;

namespace {

Matrix<float> five_samples() { return kd::test::random_matrix<float>(3, 5, 1); }

}  // namespace

TEST_CASE("a data set holds floats as they are", "[data][dataset]") {
  const Matrix<float> x = five_samples();
  const Dataset data(x, Labels{{0, 2, 1, 2, 0}});
  CHECK(data.size() == 5);
  CHECK(data.features() == 3);
  CHECK(data.classes() == 3);
  CHECK(data.inputs() == x);
  CHECK(data.labels().data[1] == 2);
  CHECK(Dataset(x, Labels{{0, 2, 1, 2, 0}}, 10).classes() == 10);
}

TEST_CASE("a data set holds bytes as they are and gives 255 as one", "[data][dataset]") {
  Bytes x(2, 2);
  x << 0, 255, 51, 102;
  const Dataset data(x, Labels{{0, 1}});
  CHECK(data.inputs()(0, 1) == 1);
  CHECK(data.inputs()(1, 0) == Approx(0.2F));
  data.visit([&](const auto& stored, float scale) {
    CHECK(std::is_same_v<std::remove_cvref_t<decltype(*stored.data)>, std::uint8_t>);
    CHECK(scale == 1.F / 255);
  });
}

TEST_CASE("a data set takes expressions", "[data][dataset]") {
  const Matrix<float> x = five_samples();
  const Labels y = Labels{{0, 2, 1, 2, 0}};
  CHECK(Dataset(x * 2, y).inputs() == 2 * x);
  CHECK(Dataset(x.array() + 1, y).inputs() == (x.array() + 1).matrix());
  CHECK(Dataset(x.topRows(2), y, 4).features() == 2);
  const Dataset bytes(Bytes::Constant(2, 5, 255), y);
  CHECK(bytes.inputs() == Matrix<float>::Ones(2, 5));
}

TEST_CASE("numbers of other types become floats", "[data][dataset]") {
  const Matrix<float> x = five_samples();
  const Labels y = Labels{{0, 2, 1, 2, 0}};
  CHECK(Dataset(x.cast<double>().eval(), y).inputs() == x);
  CHECK(Dataset(x.cast<double>() * 2, y).inputs() == 2 * x);
  CHECK(Dataset(x.cast<long double>(), y).inputs() == x);
  const Eigen::MatrixXi pixels = Eigen::MatrixXi::Constant(3, 5, 255);
  CHECK(Dataset(pixels, y).inputs() == Matrix<float>::Constant(3, 5, 255));  // not scaled
  CHECK(Dataset(pixels.array() > 0, y).inputs() == Matrix<float>::Ones(3, 5));
  const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> rows = x;
  CHECK(Dataset(rows, y).inputs() == x);
}

TEST_CASE("a number that no float holds is refused with its value", "[data][dataset]") {
  Eigen::MatrixXd x = five_samples().cast<double>();
  const Labels y = Labels{{0, 2, 1, 2, 0}};
  x(2, 3) = 1e300;
  CHECK_THROWS_AS(Dataset(x, y), DataError);
  CHECK_THROWS_WITH(Dataset(x, y),
                    "Dataset: expected inputs that are finite as floats, got 1e+300 at sample 3, "
                    "feature 2");
  CHECK_THROWS_WITH(Dataset(-x, y), ContainsSubstring("got -1e+300 at sample 3"));
  x(2, 3) = std::nan("");
  CHECK_THROWS_WITH(Dataset(x.array(), y), ContainsSubstring("got nan at sample 3, feature 2"));
  x(2, 3) = std::numeric_limits<float>::max();
  CHECK(Dataset(x, y).inputs()(2, 3) == std::numeric_limits<float>::max());
}

TEST_CASE("labels are any vector of integers", "[data][dataset]") {
  const Matrix<float> x = five_samples();
  const Labels y = Labels{{0, 2, 1, 2, 0}};
  for (const Dataset& data :
       {Dataset(x, std::vector<Label>{0, 2, 1, 2, 0}), Dataset(x, y.cast<std::int64_t>()),
        Dataset(x, y.transpose()), Dataset(x, std::span<const Label>(y.data(), 5)),
        Dataset(x.cast<double>(), y.cast<std::uint8_t>().eval())}) {
    CHECK(map(data.labels()) == y);
    CHECK(data.classes() == 3);
  }
  CHECK_THROWS_WITH(Dataset(x, std::vector<std::int64_t>{0, 1, 2, 1LL << 32, 0}),
                    "label of sample 3: 4294967296 does not fit 32 bits");
}

TEST_CASE("one-hot labels are refused", "[data][dataset]") {
  const Eigen::MatrixXi one_hot = Eigen::MatrixXi::Identity(5, 5);
  CHECK_THROWS_AS(Dataset(five_samples(), one_hot), ShapeError);
  CHECK_THROWS_WITH(
      Dataset(five_samples(), one_hot),
      ContainsSubstring("expected a vector, one class a sample, got a matrix (5, 5)") &&
          ContainsSubstring("maxCoeff(&labels[i])"));
  CHECK_THROWS_AS(Dataset(Bytes(Bytes::Zero(2, 5)), one_hot, 5), ShapeError);
  CHECK_THROWS_AS(Dataset(five_samples() * 2, one_hot), ShapeError);
}

TEST_CASE("inputs with the samples in rows are told to be transposed", "[data][dataset]") {
  const Matrix<float> x = five_samples();
  const Labels y = Labels{{0, 2, 1, 2, 0}};
  CHECK_THROWS_AS(Dataset(x.transpose(), y), ShapeError);
  CHECK_THROWS_WITH(Dataset(x.transpose(), y),
                    "Dataset: expected as many labels as samples, got 5 labels for 3 samples; are "
                    "the inputs (samples, features)? transpose them");
}

TEST_CASE("labels at the ends of their type", "[data][dataset]") {
  constexpr Label most = std::numeric_limits<Label>::max();
  constexpr Label least = std::numeric_limits<Label>::min();
  const Matrix<float> x = five_samples();
  CHECK_THROWS_AS(Dataset(x, Labels{{0, 2, most, 2, 0}}), DataError);
  CHECK_THROWS_AS(Dataset(x, Labels{{0, 2, least, 2, 0}}), DataError);
  CHECK_THROWS_WITH(Dataset(x, Labels{{-1, -1, -1, -1, -1}}), ContainsSubstring("negative label"));
  CHECK_THROWS_WITH(Dataset(x, Labels{{-1, -1, -1, -1, -1}}, 3),
                    ContainsSubstring("expected 0 to 2, got -1 (negative label"));
  CHECK(Dataset(x, Labels{{0, 2, most - 1, 2, 0}}).classes() == most);
}

TEST_CASE("copies and slices share the samples", "[data][dataset]") {
  const auto whole = std::make_unique<Dataset>(five_samples(), Labels{{0, 2, 1, 2, 0}});
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
  auto whole = std::make_unique<Dataset>(five_samples(), Labels{{0, 2, 1, 2, 0}});
  const Dataset part = whole->slice(3, 2);
  whole.reset();
  CHECK(part.inputs() == five_samples().rightCols(2));
  CHECK(part.labels().data[0] == 2);
}

TEST_CASE("a slice lies within the set", "[data][dataset]") {
  const Dataset data(five_samples(), Labels{{0, 2, 1, 2, 0}});
  CHECK_THROWS_WITH(data.slice(3, 3),
                    "Dataset::slice: expected samples within 0 to 4, got 3 from 3");
  CHECK_THROWS_AS(data.slice(-1, 2), ShapeError);
  CHECK_THROWS_AS(data.slice(0, 0), ShapeError);
  CHECK_THROWS_AS(data.slice(1, std::numeric_limits<Index>::max()), ShapeError);
  CHECK_NOTHROW(data.slice(0, 5));
}

TEST_CASE("views are not copied", "[data][dataset]") {
  const Matrix<float> x = five_samples();
  const Labels y = Labels{{0, 2, 1, 2, 0}};
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
  CHECK_THROWS_AS(Dataset(x, Labels{{0, 1}}), ShapeError);
  CHECK_THROWS_WITH(Dataset(x, Labels{{0, 1}}),
                    "Dataset: expected as many labels as samples, got 2 labels for 5 samples");
  CHECK_THROWS_AS(Dataset(x, Labels{{0, -1, 0, 0, 0}}), DataError);
  CHECK_THROWS_WITH(Dataset(x, Labels{{0, -1, 0, 0, 0}}),
                    StartsWith("label of sample 1: expected a class, counted from 0, got -1"));
  CHECK_THROWS_WITH(Dataset(x, Labels{{1, 2, 3, 3, 1}}, 3),
                    ContainsSubstring("they look 1-based; subtract 1"));
  for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    Matrix<float> broken = x;
    broken(2, 3) = bad;
    CHECK_THROWS_AS(Dataset(broken, Labels{{0, 2, 1, 2, 0}}), DataError);
    CHECK_THROWS_WITH(
        Dataset(broken, Labels{{0, 2, 1, 2, 0}}),
        ContainsSubstring("expected finite inputs, got ") && EndsWith(" at sample 3, feature 2"));
  }
  CHECK_THROWS_AS(Dataset(x, Labels{{0, 2, 1, 2, 0}}, -1), ConfigError);
  CHECK_THROWS_WITH(Dataset(x, Labels{{0, 2, 1, 2, 0}}, -1),
                    "Dataset: classes must be at least 1, or 0 to count them, got -1");
}

TEST_CASE("a data set that was moved from is what it was", "[data][dataset]") {
  Dataset from(Matrix<float>::Constant(2, 3, 0.5F), Labels::Zero(3), 2);
  {
    const Dataset to = std::move(from);
    CHECK(to.size() == 3);
  }
  CHECK(from.size() == 3);
  CHECK(from.inputs() == Matrix<float>::Constant(2, 3, 0.5F));
}
