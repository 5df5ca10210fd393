// SPDX-License-Identifier: MIT
//
// Losses between maps, and the methods made of them.
#include "support/maps.hpp"

#include "cuda/twin.hpp"
#include "support/catch.hpp"

using kd::Index;
using twin::on_both;
using twin::seed;
using twin::Twin;

namespace {

/// Distils on both sides with some methods; the distance of the students' weights.
template <class... Methods>
double distance_after(const Methods&... methods) {
  const kd::Network<kd::test::MapTeacher> teacher(kd::Rng(1));
  const auto device_teacher = kd::upload(teacher);
  kd::Network<kd::test::MapStudent> student(kd::Rng(2));
  auto device_student = kd::upload(student);
  const kd::Dataset data(kd::test::random_matrix<float>(24, 22, 1),
                         kd::test::random_labels(22, 4, 2), 4);
  const kd::Adam adam{{.lr = 1e-2}};
  const kd::FitOptions options{.epochs = 2, .batch_size = 8};
  kd::Distiller(teacher, student, methods...).fit(data, adam, options);
  kd::Distiller(device_teacher, device_student, methods...).fit(data, adam, options);
  const auto copy = kd::download(device_student);
  return (kd::map(student.params()) - kd::map(copy.params())).norm() /
         kd::map(student.params()).norm();
}

}  // namespace

TEST_CASE("CUDA: methods on maps train there", "[cuda]") {
  CHECK(distance_after(kd::AttentionTransfer<2, 1>{}) < 1e-4);
  CHECK(distance_after(kd::Hint<2, 1>{}) < 1e-4);
  CHECK(distance_after(kd::WassersteinFeatures<2, 1>{}) < 1e-4);
  CHECK(distance_after(kd::CatKd{}, kd::HardLabels{}) < 1e-4);
  CHECK(distance_after(kd::ScaleDecoupled(kd::DecoupledKd{}, {.levels = 2})) < 1e-4);
  CHECK(distance_after(kd::Pooled<kd::SimilarityPreserving, 2, 1>{{.weight = 1}}) < 1e-4);
}

TEMPLATE_TEST_CASE("CUDA: attention transfer is the CPU's", "[cuda]", float, double) {
  using S = TestType;
  const Index area = GENERATE(1, 12, 35, 1024);
  const Index batch = 5;
  const Index rows = 3 * area;
  const Index others = 5 * area;
  CAPTURE(area);
  kd::Rng rng = seed(1);
  // The second sample looks nowhere, the others' features are tiny, huge and as usual.
  auto f = Twin<S>::of(rows * batch, [&](Index i) {
    const S size[] = {S(1), S(0), S(1e-30), S(1e30), S(1)};
    return size[i / rows] * rng.symmetric(S(1));
  });
  Twin<S> g(others * batch, seed(2)), df(rows * batch, seed(3)), values(batch),
      room(2 * area * batch);
  on_both([&](auto side) {
    op_attention_transfer(side.space, area, side.in(f, rows, batch), side.in(g, others, batch),
                          S(0.5), side.out(df, rows, batch), side.out(values),
                          side.out(room, 2 * area, batch));
  });
  CHECK(values.distance() <= twin::tolerance);
  if (area > 1) CHECK(df.distance() <= twin::tolerance);
}

TEMPLATE_TEST_CASE("CUDA: distances of Gaussians are the CPU's", "[cuda]", float, double) {
  using S = TestType;
  const Index channels = GENERATE(1, 7, 40);
  const Index area = GENERATE(1, 12, 70);
  const Index batch = 5;
  CAPTURE(channels, area);
  const Index rows = channels * area;
  const Index others = channels * 33;
  Twin<S> f(rows * batch, seed(1)), g(others * batch, seed(2), 3), df(rows * batch), means(batch),
      deviations(batch);
  on_both([&](auto side) {
    op_gaussian_wasserstein(side.space, channels, side.in(f, rows, batch),
                            side.in(g, others, batch), S(0.5), S(2), side.out(df, rows, batch),
                            side.out(means), side.out(deviations));
    op_gaussian_wasserstein(side.space, channels, side.in(f, rows, batch),
                            side.in(g, others, batch), S(0.5), S(2), side.out(f, rows, batch),
                            side.out(means), side.out(deviations));
  });
  CHECK(means.distance() <= twin::tolerance);
  CHECK(deviations.distance() <= twin::tolerance);
  CHECK(df.distance() <= twin::tolerance);
  CHECK(f.distance() <= twin::tolerance);
}

TEMPLATE_TEST_CASE("CUDA: means of cells and class maps are the CPU's", "[cuda]", float, double) {
  using S = TestType;
  const kd::Shape maps = GENERATE(kd::Shape{3, 7, 5}, kd::Shape{40, 4, 4});
  const Index grid = GENERATE(1, 2, 3, 4);
  const Index batch = 5;
  CAPTURE(maps.channels, grid);
  const Index features = maps.features();
  const Index channels = maps.channels;
  const Index cells = grid * grid;
  const Index columns = cells * batch;
  Twin<S> x(features * batch, seed(1)), means(channels * columns), dx(features * batch, seed(2)),
      g(channels * columns, seed(3)), dmaps(channels * columns), values(batch);
  on_both([&](auto side) {
    op_region_means(side.space, maps, grid, side.in(x, features, batch),
                    side.out(means, channels, columns));
    op_region_means_backward(side.space, maps, grid, side.in(g, channels, columns),
                             side.out(dx, features, batch));
    op_class_maps(side.space, cells, side.in(means, channels, columns),
                  side.in(g, channels, columns), S(0.5), side.out(dmaps, channels, columns),
                  side.out(values));
  });
  for (const auto* twin : {&means, &dx, &values}) CHECK(twin->distance() <= twin::tolerance);
  if (grid > 1) CHECK(dmaps.distance() <= twin::tolerance);
}

TEMPLATE_TEST_CASE("CUDA: class maps of zeros, tiny and huge ones, are the CPU's", "[cuda]", float,
                   double) {
  using S = TestType;
  const Index classes = 3, cells = 4, batch = 2;
  const Index size = classes * cells * batch;
  kd::Rng rng = seed(1);
  auto f = Twin<S>::of(size, [&](Index i) {
    const S factor[] = {S(0), S(1e-30), S(1e30)};
    return factor[i % classes] * rng.symmetric(S(1));
  });
  Twin<S> g(size, seed(2)), df(size), values(batch);
  on_both([&](auto side) {
    op_class_maps(side.space, cells, side.in(f, classes, cells * batch),
                  side.in(g, classes, cells * batch), S(0.5), side.out(df, classes, cells * batch),
                  side.out(values));
  });
  CHECK(values.distance() <= twin::tolerance);
  CHECK(df.distance() <= twin::tolerance);
}

TEST_CASE("CUDA: labels and weights of cells are the CPU's", "[cuda]") {
  const Index times = GENERATE(1, 4, 16);
  const Index batch = 37;
  auto whole = Twin<kd::Label>::of(batch, [](Index b) { return static_cast<kd::Label>(b % 3); });
  auto cells =
      Twin<kd::Label>::of(times * batch, [](Index i) { return static_cast<kd::Label>(i % 5 % 3); });
  Twin<float> weights(times * batch);
  on_both([&](auto side) {
    op_cell_weights(side.space, side.in(whole), side.in(cells), 1.F, 2.F, side.out(weights));
    op_repeat(side.space, side.in(whole), side.out(cells));
  });
  CHECK(weights.is_identical());
  CHECK(cells.is_identical());
}
