// SPDX-License-Identifier: MIT
#include "kd/core/to_labels.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include "support/catch.hpp"

using kd::Label;
using kd::Labels;
using kd::detail::to_labels;

TEST_CASE("integers in any vector are labels", "[core][labels]") {
  const Labels expected{{3, 0, 2}};
  CHECK(to_labels(expected) == expected);
  CHECK(to_labels(Labels(expected)) == expected);
  CHECK(to_labels(expected.cast<std::int64_t>()) == expected);
  CHECK(to_labels(expected.cast<std::uint8_t>().eval()) == expected);
  CHECK(to_labels(expected.transpose()) == expected);
  CHECK(to_labels(expected.array() - 0) == expected);
  CHECK(to_labels(Eigen::MatrixXi(expected)) == expected);
  CHECK(to_labels(Eigen::MatrixXi(expected.transpose())) == expected);
  CHECK(to_labels(expected.array() > 2) == Labels{{1, 0, 0}});
  Labels wide(6);
  wide << 3, 9, 0, 9, 2, 9;
  CHECK(to_labels(wide.reshaped(2, 3).row(0)) == expected);
  CHECK(to_labels(std::vector<std::int64_t>{3, 0, 2}) == expected);
  CHECK(to_labels(std::array<std::uint8_t, 3>{3, 0, 2}) == expected);
  CHECK(to_labels(std::span<const Label>(expected.data(), 3)) == expected);
  CHECK(to_labels(std::vector<std::size_t>()).size() == 0);
}

TEST_CASE("a label keeps its value or is refused", "[core][labels]") {
  constexpr std::int64_t most = std::numeric_limits<Label>::max();
  constexpr std::int64_t least = std::numeric_limits<Label>::min();
  CHECK(to_labels(std::vector{most, least}) ==
        Labels{{static_cast<Label>(most), static_cast<Label>(least)}});
  CHECK(to_labels(std::vector<std::int8_t>{-1}) == Labels::Constant(1, -1));
  CHECK_THROWS_AS(to_labels(std::vector{most + 1}), kd::DataError);
  CHECK_THROWS_WITH(to_labels(std::vector{most, least - 1}),
                    "label of sample 1: -2147483649 does not fit 32 bits");
  CHECK_THROWS_WITH(to_labels(std::vector{~std::uint64_t{0}}),
                    "label of sample 0: 18446744073709551615 does not fit 32 bits");
  CHECK_THROWS_WITH(to_labels(std::vector{0xFFFFFFFFU}),
                    "label of sample 0: 4294967295 does not fit 32 bits");
}

TEST_CASE("a matrix of labels is refused and told how to get classes", "[core][labels]") {
  Eigen::MatrixXi one_hot = Eigen::MatrixXi::Zero(3, 4);
  for (kd::Index i = 0; i < 4; ++i) one_hot((i + 1) % 3, i) = 1;
  CHECK_THROWS_AS(to_labels(one_hot), kd::ShapeError);
  CHECK_THROWS_WITH(to_labels(one_hot),
                    "labels: expected a vector, one class a sample, got a matrix (3, 4); a one-hot "
                    "matrix y has the classes y.col(i).maxCoeff(&labels[i])");
  CHECK_THROWS_WITH(to_labels(one_hot.transpose()), EndsWith("y.row(i).maxCoeff(&labels[i])"));
  Labels labels(4);
  for (kd::Index i = 0; i < 4; ++i) one_hot.col(i).maxCoeff(&labels[i]);
  CHECK(labels == Labels{{1, 2, 0, 1}});
}
