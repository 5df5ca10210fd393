// SPDX-License-Identifier: MIT
#include "kd/interop/xtensor.hpp"

#include "kd/distill.hpp"
#include "support/catch.hpp"

#if __has_include(<xtensor/containers/xarray.hpp>)
#include <xtensor/containers/xarray.hpp>
#include <xtensor/containers/xfixed.hpp>
#include <xtensor/containers/xtensor.hpp>
#include <xtensor/misc/xsort.hpp>
#include <xtensor/views/xstrided_view.hpp>
#include <xtensor/views/xview.hpp>
#else
#include <xtensor/xarray.hpp>
#include <xtensor/xfixed.hpp>
#include <xtensor/xsort.hpp>
#include <xtensor/xstrided_view.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>
#endif

namespace {

/// (3 samples, 2 features)
xt::xarray<float> three_by_two() { return {{1, 2}, {3, 4}, {5, 6}}; }

template <class A>
concept CanBeMatrix = requires(A&& array) {
  kd::as_matrix(std::forward<A>(array));
};
template <class A>
concept CanBeLabels = requires(A&& array) {
  kd::as_labels(std::forward<A>(array));
};
template <class A>
concept CanBeXtensor = requires(A&& matrix) {
  kd::as_xtensor(std::forward<A>(matrix));
};

}  // namespace

TEST_CASE("a row of an array is a column of the matrix, without a copy", "[interop]") {
  const xt::xarray<float> array = three_by_two();
  const auto matrix = kd::as_matrix(array);
  CHECK(matrix.data == array.data());
  REQUIRE(matrix.rows == 2);
  REQUIRE(matrix.cols == 3);
  CHECK(kd::map(matrix)(0, 1) == 3);
  CHECK(kd::map(matrix)(1, 2) == 6);
}

TEST_CASE("every kind of array in memory is taken", "[interop]") {
  SECTION("images (samples, channels, height, width)") {
    const auto images = xt::xtensor<std::uint8_t, 4>::from_shape({5, 3, 4, 2});
    const auto matrix = kd::as_matrix(images);
    CHECK(matrix.data == images.data());
    CHECK(matrix.rows == 24);
    CHECK(matrix.cols == 5);
  }
  SECTION("fixed sizes") {
    const xt::xtensor_fixed<double, xt::xshape<2, 3>> array{{1, 2, 3}, {4, 5, 6}};
    CHECK(kd::map(kd::as_matrix(array))(2, 1) == 6);
  }
  SECTION("somebody else's memory") {
    std::vector<float> numbers{1, 2, 3, 4, 5, 6};
    const std::vector<std::size_t> shape{3, 2};
    const auto array = xt::adapt(numbers, shape);
    const auto matrix = kd::as_matrix(array);
    CHECK(matrix.data == numbers.data());
    CHECK(matrix.cols == 3);
  }
  SECTION("rows of an array") {
    const xt::xarray<float> array = three_by_two();
    const auto rows = xt::view(array, xt::range(1, 3), xt::all());
    const auto matrix = kd::as_matrix(rows);
    CHECK(matrix.data == array.data() + 2);
    CHECK(matrix.cols == 2);
    CHECK(kd::map(matrix)(1, 1) == 6);
  }
  SECTION("one sample, one feature, no sample: where strides say nothing") {
    using ColumnMajor = xt::xtensor<float, 2, xt::layout_type::column_major>;
    const auto row = ColumnMajor::from_shape({1, 7});
    CHECK(kd::as_matrix(row).cols == 1);
    const auto column = ColumnMajor::from_shape({7, 1});
    CHECK(kd::as_matrix(column).cols == 7);
    const auto none = xt::xtensor<float, 2>::from_shape({0, 7});
    CHECK(kd::as_matrix(none).cols == 0);
  }
}

TEST_CASE("an array in another order or shape is refused by name", "[interop]") {
  const xt::xarray<float, xt::layout_type::column_major> column_major{{1, 2}, {3, 4}, {5, 6}};
  CHECK_THROWS_AS(kd::as_matrix(column_major), kd::ShapeError);
  CHECK_THROWS_WITH(kd::as_matrix(column_major),
                    "as_matrix: expected a row-major array without gaps, got strides (1, 3) for "
                    "the shape (3, 2)");

  const xt::xarray<float> array = three_by_two();
  const auto gaps = xt::view(array, xt::all(), xt::range(0, 1));
  CHECK_THROWS_AS(kd::as_matrix(gaps), kd::ShapeError);
  const auto backwards = xt::strided_view(array, {xt::range(2, xt::placeholders::_, -1)});
  CHECK_THROWS_AS(kd::as_matrix(backwards), kd::ShapeError);

  const xt::xarray<float> flat{1, 2, 3};
  CHECK_THROWS_WITH(kd::as_matrix(flat),
                    "as_matrix: expected an array (samples, features...), got one of shape (3)");
  const xt::xarray<kd::Label> table{{1, 2}, {3, 4}};
  CHECK_THROWS_WITH(kd::as_labels(table),
                    "as_labels: expected an array (samples), got one of shape (2, 2); a one-hot "
                    "array y has the classes xt::cast<kd::Label>(xt::argmax(y, 1))");
  const xt::xarray<kd::Label> classes = xt::cast<kd::Label>(xt::argmax(table, 1));
  CHECK(kd::as_labels(classes).size == 2);
  const xt::xarray<kd::Label> all_labels{{0, 1}, {1, 0}};
  const auto every_other = xt::view(all_labels, xt::all(), 0);
  CHECK_THROWS_AS(kd::as_labels(every_other), kd::ShapeError);
}

TEST_CASE("temporaries are refused by the compiler", "[interop]") {
  STATIC_REQUIRE(CanBeMatrix<const xt::xarray<float>&>);
  STATIC_REQUIRE(CanBeMatrix<xt::xarray<float>&>);
  STATIC_REQUIRE_FALSE(CanBeMatrix<xt::xarray<float>>);
  STATIC_REQUIRE_FALSE(CanBeMatrix<const xt::xarray<float>>);
  STATIC_REQUIRE(CanBeLabels<xt::xarray<kd::Label>&>);
  STATIC_REQUIRE_FALSE(CanBeLabels<xt::xarray<kd::Label>>);
  STATIC_REQUIRE(CanBeXtensor<kd::Matrix<float>&>);
  STATIC_REQUIRE_FALSE(CanBeXtensor<kd::Matrix<float>>);
  STATIC_REQUIRE_FALSE(CanBeXtensor<kd::Labels>);
}

TEST_CASE("a matrix as an xtensor array, without a copy", "[interop]") {
  kd::Matrix<float> matrix(2, 3);
  matrix << 1, 3, 5,  //
      2, 4, 6;
  auto array = kd::as_xtensor(matrix);
  REQUIRE(array.dimension() == 2);
  CHECK(array.shape()[0] == 3);
  CHECK(array.shape()[1] == 2);
  CHECK(array.data() == matrix.data());
  CHECK(xt::all(xt::equal(array, three_by_two())));
  array(2, 0) = 50;
  CHECK(matrix(0, 2) == 50);

  const kd::Matrix<float>& fixed = matrix;
  const auto read = kd::as_xtensor(fixed);
  STATIC_REQUIRE(std::is_const_v<std::remove_pointer_t<decltype(read.data())>>);
  CHECK(read(1, 1) == 4);

  const auto back = kd::as_matrix(array);
  CHECK(back.data == matrix.data());

  kd::Labels labels(2);
  labels << 4, 7;
  const auto as_array = kd::as_xtensor(labels);
  CHECK(as_array.dimension() == 1);
  CHECK(as_array(1) == 7);
}

TEST_CASE("arrays train and teach a network", "[interop]") {
  using Net = kd::Sequential<kd::Linear<4, 3>>;
  const auto images = xt::xtensor<float, 4>({{{{1, 0}, {0, 0}}}, {{{0, 1}, {0, 0}}}});
  const xt::xtensor<kd::Label, 1> classes{0, 2};
  const auto data = kd::Dataset::of_views(kd::as_matrix(images), kd::as_labels(classes));
  CHECK(data.size() == 2);
  CHECK(data.features() == 4);
  CHECK(data.labels().data == classes.data());
  kd::Network<Net> network(kd::Rng(0));
  kd::fit(network, data, kd::CrossEntropy{}, kd::Adam{{.lr = 0.1}}, {.epochs = 50});
  CHECK(kd::evaluate(network, data).errors == 0);

  const kd::Matrix<float> logits = network.predict(map(kd::as_matrix(images)));
  const auto table = kd::as_xtensor(logits);
  CHECK(table(1, 2) > table(1, 0));
  CHECK(table(1, 2) > table(1, 1));
  const xt::xtensor<float, 2> teacher = table;  // (samples, classes)
  const kd::CachedTeacher cached(map(kd::as_matrix(teacher)));
  CHECK(cached.num_classes() == 3);
}
