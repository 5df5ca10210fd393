// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "kd/core/parallel.hpp"
#include "kd/data/images/augment_images.hpp"
#include "kd/data/images/cutout.hpp"
#include "kd/data/images/elastic_distortion.hpp"
#include "kd/data/images/random_crop.hpp"
#include "kd/data/images/random_mirror.hpp"
#include "kd/data/images/random_rotation.hpp"
#include "kd/data/images/random_shift.hpp"
#include "kd/data/loader.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

using namespace kd;

namespace {

constexpr Shape letters{2, 4, 5};

// Every element of an image says where it stood.
Matrix<float> counted(const Shape& shape, Index images) {
  Matrix<float> all(shape.features(), images);
  std::iota(all.data(), all.data() + all.size(), 1.0F);
  return all;
}

template <class Part>
std::vector<float> change(const Part& part, const Shape& shape, std::vector<float> image,
                          Rng rng = Rng(0)) {
  std::vector<float> room(static_cast<std::size_t>(4 * shape.area()), -77.0F);
  part.apply({image.data(), shape, room.data()}, rng);
  return image;
}

std::vector<float> up_to(Index last) {
  std::vector<float> all(static_cast<std::size_t>(last));
  std::iota(all.begin(), all.end(), 1.0F);
  return all;
}

}  // namespace

TEST_CASE("positions beyond the border come from where it says", "[data][augment]") {
  const auto line = [](Border border) {
    std::vector<Index> from;
    for (Index i = -4; i < 7; ++i) from.push_back(detail::behind_border(i, 3, border));
    return from;
  };
  CHECK(line(Border::zero) == std::vector<Index>{-1, -1, -1, -1, 0, 1, 2, -1, -1, -1, -1});
  CHECK(line(Border::edge) == std::vector<Index>{0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 2});
  CHECK(line(Border::reflect) == std::vector<Index>{0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2});
  CHECK(detail::behind_border(-3, 1, Border::reflect) == 0);
  CHECK(detail::behind_border(9, 1, Border::reflect) == 0);
}

TEST_CASE("an image is moved whole, each channel by the same", "[data][augment]") {
  const auto moved = [](Index rows, Index columns, Border border) {
    std::vector<float> image = up_to(12);
    std::vector<float> room(6);
    detail::move_image({image.data(), {2, 2, 3}, room.data()}, rows, columns, border);
    return image;
  };
  CHECK(moved(1, -1, Border::zero) == std::vector<float>{0, 0, 0, 2, 3, 0, 0, 0, 0, 8, 9, 0});
  CHECK(moved(0, 2, Border::edge) == std::vector<float>{1, 1, 1, 4, 4, 4, 7, 7, 7, 10, 10, 10});
  CHECK(moved(50, 0, Border::zero) == std::vector<float>(12, 0.0F));
}

TEST_CASE("shifts and crops reach every place they may, and no other", "[data][augment]") {
  const Shape shape{1, 5, 5};
  std::vector<float> dot(25, 0.0F);
  dot[12] = 1;
  const auto places = [&](const auto& part) {
    std::vector<int> hits(25, 0);
    for (std::uint64_t i = 0; i < 900; ++i) {
      const auto moved = change(part, shape, dot, Rng(1).stream(i));
      CHECK(std::count(moved.begin(), moved.end(), 1.0F) == 1);
      ++hits[static_cast<std::size_t>(std::find(moved.begin(), moved.end(), 1.0F) - moved.begin())];
    }
    return hits;
  };
  for (const auto& hits : {places(RandomShift{{.pixels = 1}}), places(RandomCrop{{.padding = 1}})})
    for (std::size_t i = 0; i < 25; ++i) {
      const bool near = i / 5 >= 1 && i / 5 <= 3 && i % 5 >= 1 && i % 5 <= 3;
      INFO("place " << i);
      CHECK((near ? hits[i] > 60 && hits[i] < 140 : hits[i] == 0));
    }
  CHECK(change(RandomShift{{.pixels = 0}}, shape, dot) == dot);
}

TEST_CASE("a crop takes what lies beyond from the border that it is told", "[data][augment]") {
  const std::vector<float> ones(25, 1.0F);
  bool zeros = false;
  for (std::uint64_t i = 0; i < 20; ++i) {
    const auto rng = Rng(2).stream(i);
    for (const Border border : {Border::edge, Border::reflect})
      CHECK(change(RandomCrop{{.padding = 3, .border = border}}, {1, 5, 5}, ones, rng) == ones);
    zeros = zeros || change(RandomCrop{{.padding = 3}}, {1, 5, 5}, ones, rng) != ones;
  }
  CHECK(zeros);
}

TEST_CASE("a mirror turns each row round, as often as it says", "[data][augment]") {
  const Shape shape{2, 1, 3};
  CHECK(change(RandomMirror{{.probability = 1}}, shape, up_to(6)) ==
        std::vector<float>{3, 2, 1, 6, 5, 4});
  CHECK(change(RandomMirror{{.probability = 0}}, shape, up_to(6)) == up_to(6));
  int mirrored = 0;
  for (std::uint64_t i = 0; i < 1000; ++i)
    mirrored +=
        change(RandomMirror{{.probability = 0.2}}, shape, up_to(6), Rng(3).stream(i)) != up_to(6);
  CHECK(mirrored > 150);
  CHECK(mirrored < 250);
}

TEST_CASE("places between elements are interpolated, with zeros beyond", "[data][augment]") {
  const std::vector<float> plane{1, 2, 4, 8};
  const auto at = [&](float y, float x) {
    return detail::between_elements(plane.data(), {1, 2, 2}, y, x);
  };
  CHECK(at(0, 0) == 1.0F);
  CHECK(at(1, 1) == 8.0F);
  CHECK(at(0, 0.5F) == 1.5F);
  CHECK(at(0.25F, 0) == 1.75F);
  CHECK(at(0.5F, 0.5F) == 3.75F);
  CHECK(at(-0.25F, 0) == 0.75F);
  CHECK(at(1.5F, 1.5F) == 2.0F);
  CHECK(at(-1, 0) == 0.0F);
  CHECK(at(2, 0) == 0.0F);
  CHECK(at(0, -1e30F) == 0.0F);
  CHECK(at(std::numeric_limits<float>::quiet_NaN(), 0) == 0.0F);
}

TEST_CASE("a rotation keeps the centre, and turns counter-clockwise", "[data][augment]") {
  const Shape shape{1, 5, 5};
  CHECK(change(RandomRotation{{.degrees = 0}}, shape, up_to(25)) == up_to(25));
  std::vector<float> right(25, 0.0F);  // one element, to the right of the centre
  right[14] = 1;
  int above = 0;
  for (std::uint64_t i = 0; i < 50; ++i) {
    const auto rng = Rng(4).stream(i);
    const bool is_positive = Rng(rng).symmetric(80.0) > 0;
    const auto turned = change(RandomRotation{{.degrees = 80}}, shape, right, rng);
    const float upper = std::accumulate(turned.begin(), turned.begin() + 10, 0.0F);
    const float lower = std::accumulate(turned.begin() + 15, turned.end(), 0.0F);
    CHECK((is_positive ? upper > lower : upper < lower));
    above += is_positive;
    const auto all = change(RandomRotation{{.degrees = 80}}, shape, up_to(25), rng);
    CHECK(all[12] == Approx(13));
  }
  CHECK(above > 10);
  CHECK(above < 40);
}

TEST_CASE("an elastic distortion is smooth, and none without strength", "[data][augment]") {
  const Shape shape{2, 9, 11};
  const std::vector<float> image = up_to(shape.features());
  CHECK(change(ElasticDistortion{{.strength = 0, .sigma = 2}}, shape, image) == image);
  // Of an image whose elements are their column, the change is the displacement itself.
  const Shape wide{1, 40, 40};
  std::vector<float> columns(1600);
  for (std::size_t i = 0; i < 1600; ++i) columns[i] = static_cast<float>(i % 40);
  const auto distorted = change(ElasticDistortion{{.strength = 20, .sigma = 4}}, wide, columns);
  double sum = 0, square = 0, jump = 0;
  for (std::size_t y = 10; y < 30; ++y)
    for (std::size_t x = 10; x < 30; ++x) {
      const std::size_t i = y * 40 + x;
      const double u = distorted[i] - columns[i];
      const double next = distorted[i + 40] - columns[i + 40];
      sum += u;
      square += u * u;
      jump = std::max(jump, std::abs(u - next));
    }
  // Noise of variance strength^2 / 3, smoothed by a Gaussian: divided by 4 pi sigma^2.
  const double expected = 20.0 / std::sqrt(3.0 * 4.0 * 3.14159265 * 16.0);
  CHECK(std::sqrt(square / 400) > expected / 2);
  CHECK(std::sqrt(square / 400) < expected * 2);
  CHECK(jump < expected);
  CHECK(std::abs(sum / 400) < 2 * expected);
}

TEST_CASE("a cut-out is one square, cut off at the edges", "[data][augment]") {
  const Shape shape{2, 6, 7};
  const std::vector<float> image = up_to(shape.features());
  std::vector<bool> hit(42, false);
  for (std::uint64_t n = 0; n < 300; ++n) {
    const auto cut = change(Cutout{{.size = 3}}, shape, image, Rng(5).stream(n));
    std::size_t top = 6, bottom = 0, left = 7, right = 0, zeros = 0;
    for (std::size_t i = 0; i < 42; ++i) {
      CHECK((cut[i] == 0) == (cut[42 + i] == 0));
      if (cut[i] != 0) {
        CHECK(cut[i] == image[i]);
        continue;
      }
      hit[i] = true;
      ++zeros;
      top = std::min(top, i / 7), bottom = std::max(bottom, i / 7);
      left = std::min(left, i % 7), right = std::max(right, i % 7);
    }
    const std::size_t rows = bottom - top + 1, across = right - left + 1;
    CHECK(zeros == rows * across);
    CHECK((rows == 3 || top == 0 || bottom == 5));
    CHECK((across == 3 || left == 0 || right == 6));
    CHECK((rows == 2 || rows == 3));
  }
  CHECK(std::count(hit.begin(), hit.end(), false) == 0);
  CHECK(change(Cutout{{.size = 0}}, shape, image) == image);
  CHECK(change(Cutout{{.size = 100}}, shape, image) == std::vector<float>(84, 0.0F));
}

TEST_CASE("what happens to a sample depends on seed, epoch and sample alone", "[data][augment]") {
  const Dataset data(counted(letters, 23));
  const AugmentImages parts(letters, RandomShift{{.pixels = 2}}, RandomMirror{}, RandomCrop{},
                            RandomRotation{}, ElasticDistortion{{.strength = 8, .sigma = 2}},
                            Cutout{{.size = 2}});
  // The samples of two epochs, in their own order.
  const auto epochs = [&](Index batch_size, std::uint64_t seed, bool shuffled, Index first = 0) {
    Loader<float> loader(data, batch_size);
    loader.augment(parts, Rng(seed), static_cast<std::uint64_t>(first * loader.batches()));
    Matrix<float> all(letters.features(), 46);
    for (Index epoch = first; epoch < 2; ++epoch) {
      if (shuffled) loader.shuffle(Rng(static_cast<std::uint64_t>(epoch)));
      for (Index i = 0; i < loader.batches(); ++i) {
        const auto batch = loader.batch(i);
        for (Index b = 0; b < batch.size(); ++b)
          all.col(epoch * 23 + batch.indices.data[b]) = map(batch.inputs).col(b);
      }
    }
    return all;
  };
  const Matrix<float> expected = epochs(4, 7, false);
  CHECK(epochs(23, 7, true) == expected);
  set_threads(3);
  CHECK(epochs(5, 7, true) == expected);
  set_threads(1);
  CHECK(epochs(5, 7, true, 1).rightCols(23) == expected.rightCols(23));
  CHECK(epochs(4, 8, false) != expected);
  CHECK(expected.leftCols(23) != expected.rightCols(23));
  for (Index b = 1; b < 23; ++b) {
    const Matrix<float> once = counted(letters, 23).col(b);
    CHECK(expected.col(b) != once);
  }
}

TEST_CASE("a second view is one of the stored sample, whatever the batches and the threads",
          "[data][augment]") {
  const Dataset data(counted(letters, 23));
  const AugmentImages parts(letters, RandomShift{{.pixels = 1}}, RandomMirror{});
  // Both views of the samples of the second epoch, in their own order.
  const auto epoch = [&](Index batch_size, const Augment& first) {
    Loader<float> loader(data, batch_size);
    const auto done = static_cast<std::uint64_t>(loader.batches());
    loader.augment(first, Rng(7), done);
    loader.second_view(parts, Rng(8), done);
    loader.shuffle(Rng(3));
    std::array<Matrix<float>, 2> views;
    views.fill(Matrix<float>(letters.features(), 23));
    for (Index i = 0; i < loader.batches(); ++i) {
      const auto batch = loader.batch(i);
      for (Index b = 0; b < batch.size(); ++b)
        views[b < batch.samples() ? 0 : 1].col(batch.indices.data[b]) = map(batch.inputs).col(b);
    }
    return views;
  };
  const auto expected = epoch(4, parts);
  CHECK(expected[0] != expected[1]);
  CHECK(epoch(23, parts) == expected);
  set_threads(3);
  CHECK(epoch(5, parts) == expected);
  set_threads(1);
  const auto plain = epoch(6, Augment());
  CHECK(plain[0] == counted(letters, 23));
  CHECK(plain[1] == expected[1]);
}

TEST_CASE("a slice augments its samples as the whole does", "[data][augment]") {
  const Dataset data(counted(letters, 12));
  const AugmentImages parts(letters, RandomShift{}, Cutout{{.size = 2}});
  Loader<float> whole(data, 12);
  whole.augment(parts, Rng(1));
  const Matrix<float> all = map(whole.batch(0).inputs);
  const Dataset slice = data.slice(5, 4);
  Loader<float> part(slice, 4);
  part.augment(parts, Rng(1));
  CHECK(map(part.batch(0).inputs) == all.middleCols(5, 4));
}

TEST_CASE("an augmented batch allocates nothing", "[data][augment]") {
  const Dataset data(counted(letters, 12));
  Loader<float> loader(data, 6);
  loader.augment(AugmentImages(letters, RandomShift{}, RandomRotation{}, ElasticDistortion{}),
                 Rng(1));
  loader.second_view(AugmentImages(letters, RandomCrop{}), Rng(2));
  loader.batch(0);  // room grows once
  const Index before = kd::test::allocations();
  loader.batch(1);
  CHECK(kd::test::allocations() == before);
}

TEST_CASE("a part of the user's own is used as the ready ones", "[data][augment]") {
  struct Darker {
    void apply(const AugmentedImage& image, Rng rng) const {
      const float share = rng.uniform();
      for (Index i = 0; i < image.shape.features(); ++i) image.data[i] *= share;
    }
  };
  const Dataset data(Matrix<float>(Matrix<float>::Ones(letters.features(), 3)));
  Loader<float> loader(data, 3);
  loader.augment(AugmentImages(letters, Darker{}), Rng(6));
  const Matrix<float> inputs = map(loader.batch(0).inputs);
  CHECK(inputs.minCoeff() >= 0);
  CHECK(inputs(0, 0) != inputs(0, 1));
  CHECK(inputs(0, 0) == inputs(letters.features() - 1, 0));
}

TEST_CASE("an augmentation says what it is, and refuses other samples", "[data][augment]") {
  const AugmentImages parts({1, 28, 28}, RandomShift{}, RandomCrop{{.padding = 3}},
                            RandomRotation{{.degrees = 7.5}});
  const Augment augment = parts;
  CHECK(augment.describe() ==
        "1 x 28 x 28, RandomShift pixels 2, RandomCrop padding 3 border 0, RandomRotation degrees "
        "7.5");
  CHECK(static_cast<bool>(augment));
  CHECK(Augment().describe() == "none");
  CHECK_FALSE(static_cast<bool>(Augment()));
  using Function = std::function<void(Eigen::Ref<Matrix<float>>, Rng)>;
  CHECK_FALSE(static_cast<bool>(Augment(Function())));
  CHECK_FALSE(static_cast<bool>(Augment(std::function<void(const AugmentedBatch&)>())));
  CHECK(Augment(std::function<void(const AugmentedBatch&)>()).describe() == "none");
  CHECK(Augment([](const AugmentedBatch&) {}).describe() == "a function");

  const Dataset data(counted({1, 3, 3}, 4));
  Loader<float> loader(data, 2);
  CHECK_THROWS_WITH(loader.augment(augment, Rng(0)),
                    "augment: expected samples of 1 x 28 x 28, that is 784 features, got 9");
  CHECK_THROWS_WITH(loader.second_view(augment, Rng(0)),
                    "second_view: expected samples of 1 x 28 x 28, that is 784 features, got 9");
  CHECK(loader.batch(0).views == 1);
  CHECK_THROWS_WITH(AugmentImages({1, 0, 28}, Cutout{}),
                    "AugmentImages: sizes must be positive, got 1 x 0 x 28");
  CHECK_THROWS_AS(AugmentImages(Shape{dynamic, 2, 2}, Cutout{}), ShapeError);
}

TEST_CASE("options of augmentations stay in their range", "[data][augment]") {
  CHECK_THROWS_WITH((RandomShift{{.pixels = -1}}),
                    "RandomShift: pixels must be from 0 to 1048575, got -1");
  CHECK_THROWS_AS((RandomCrop{{.padding = -1}}), ConfigError);
  CHECK_THROWS_AS((Cutout{{.size = Index{1} << 20}}), ConfigError);
  CHECK_THROWS_WITH((RandomMirror{{.probability = 1.5}}),
                    "RandomMirror: probability must be from 0 to 1, got 1.5");
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS((RandomMirror{{.probability = nan}}), ConfigError);
  CHECK_THROWS_WITH((RandomRotation{{.degrees = -3}}),
                    "RandomRotation: degrees must be from 0 to 180, got -3");
  CHECK_THROWS_AS((RandomRotation{{.degrees = nan}}), ConfigError);
  CHECK_THROWS_AS((ElasticDistortion{{.strength = -1}}), ConfigError);
  CHECK_THROWS_AS((ElasticDistortion{{.strength = nan}}), ConfigError);
  CHECK_THROWS_WITH((ElasticDistortion{{.sigma = 0}}),
                    "ElasticDistortion: sigma must be above 0 and at most 64, got 0");
  CHECK_THROWS_AS((ElasticDistortion{{.sigma = 65}}), ConfigError);
  CHECK_NOTHROW(ElasticDistortion{{.sigma = 64}});
}
