// SPDX-License-Identifier: MIT
#include "cuda/twin.hpp"
#include "support/catch.hpp"

using kd::Index;
using kd::Write;
using twin::on_both;
using twin::seed;
using twin::Twin;

namespace {

Twin<kd::Label> random_labels(Index batch, Index classes) {
  kd::Rng rng = seed(batch + classes);
  return Twin<kd::Label>::of(batch,
                             [&](Index) { return static_cast<kd::Label>(rng.below(classes)); });
}

}  // namespace

// Around the borders between a warp and a block for a sample, and between packs and single numbers.
#define KD_CLASSES 1, 31, 32, 33, 1000, 1024, 1025, 8192, 8193, 50257

TEMPLATE_TEST_CASE("CUDA: cross-entropy is the CPU's", "[cuda]", float, double) {
  using S = TestType;
  const Index classes = GENERATE(KD_CLASSES);
  const Index batch = classes > 1025 ? 2 : GENERATE(1, 5, 33);
  const bool wants_gradient = GENERATE(false, true);
  const Write write = GENERATE(Write::overwrite, Write::add);
  CAPTURE(classes, batch);
  Twin<S> z(classes * batch, seed(classes), 8), dz(classes * batch, seed(2)), values(batch);
  Twin<kd::Label> labels = random_labels(batch, classes);
  on_both([&](auto side) {
    auto gradient = side.out(dz, classes, batch);
    if (!wants_gradient) gradient = {};
    op_cross_entropy(side.space, side.in(z, classes, batch), side.in(labels), S(0.25), gradient,
                     write, side.out(values));
  });
  CHECK(values.distance() <= twin::tolerance);
  CHECK(dz.distance() <= twin::tolerance);
}

TEMPLATE_TEST_CASE("CUDA: soft targets are the CPU's, both losses and the gradient", "[cuda]",
                   float, double) {
  using S = TestType;
  const Index classes = GENERATE(KD_CLASSES);
  const Index batch = classes > 1025 ? 2 : GENERATE(1, 5, 33);
  const S temperature = GENERATE(S(1), S(4), S(20));
  const kd::Write write = GENERATE(kd::Write::add, kd::Write::overwrite);
  CAPTURE(classes, batch, temperature, write == kd::Write::add);
  Twin<S> z(classes * batch, seed(classes), 8), v(classes * batch, seed(classes + 1), 8),
      dz(classes * batch), hard(batch), soft(batch);
  Twin<kd::Label> labels = random_labels(batch, classes);
  on_both([&](auto side) {
    op_soft_targets(side.space, side.in(z, classes, batch), side.in(v, classes, batch),
                    side.in(labels), temperature, S(0.3), S(0.7), side.out(dz, classes, batch),
                    write, side.out(hard), side.out(soft));
  });
  CHECK(hard.distance() <= twin::tolerance);
  CHECK(soft.distance() <= twin::tolerance);
  CHECK(dz.distance() <= twin::tolerance);
}

// Softmaxes that lie close together: what the CPU keeps its digits in.
TEMPLATE_TEST_CASE("CUDA: divergences at high temperatures are the CPU's", "[cuda]", float,
                   double) {
  using S = TestType;
  const Index classes = GENERATE(2, 33, 1500);
  const S temperature = GENERATE(S(1e3), S(1e5), S(1e8));
  CAPTURE(classes, temperature);
  const Index batch = 3;
  const Index size = classes * batch;
  Twin<S> z(size, seed(classes), 8), v(size, seed(classes + 1), 8), soft(batch), dsoft(size),
      reverse(batch), dreverse(size), jsd(batch), djsd(size), target(batch), rest(batch),
      ddecoupled(size), normalised(batch), cross(batch), dnormalised(size), own(batch),
      others(batch), drefined(size), transformed(batch), dtransformed(size), powers(batch),
      dpowers(size), learned(batch), dlearned(size), slopes(batch), dtheta(1);
  auto theta = Twin<S>::of(1, [](Index) { return S(-200); });  // T = lowest
  Twin<kd::Label> labels = random_labels(batch, classes);
  on_both([&](auto side) {
    const auto student = side.in(z, classes, batch);
    const auto teacher = side.in(v, classes, batch);
    const auto gradient = [&](Twin<S>& twin) { return side.out(twin, classes, batch); };
    decltype(side.in(labels)) no_labels{};
    decltype(side.out(soft)) no_values{};
    op_soft_targets(side.space, student, teacher, no_labels, temperature, S(0), S(1),
                    gradient(dsoft), Write::overwrite, no_values, side.out(soft));
    op_reverse_kl(side.space, student, teacher, temperature, S(1), gradient(dreverse),
                  side.out(reverse));
    op_generalized_jsd(side.space, student, teacher, temperature, S(0.25), S(1), gradient(djsd),
                       side.out(jsd));
    op_decoupled_kd(side.space, student, teacher, side.in(labels), temperature, S(1), S(1),
                    gradient(ddecoupled), side.out(target), side.out(rest));
    op_nkd(side.space, student, teacher, side.in(labels), temperature, S(0), S(1),
           gradient(dnormalised), side.out(normalised), side.out(cross));
    op_refined_logits(side.space, student, teacher, side.in(labels), temperature, temperature, S(1),
                      S(1), gradient(drefined), side.out(own), side.out(others));
    op_wttm(side.space, student, teacher, temperature, true, S(1), gradient(dtransformed),
            side.out(transformed));
    op_alpha_beta(side.space, student, teacher, temperature, S(0.8), S(0.3), S(1),
                  gradient(dpowers), side.out(powers));
    op_learned_temperature(side.space, student, teacher, side.in(theta), temperature, S(0), S(1),
                           S(1), gradient(dlearned), side.out(dtheta), side.out(learned),
                           side.out(slopes));
  });
  for (const Twin<S>* twin :
       {&soft,     &dsoft,       &reverse,      &dreverse, &jsd,         &djsd,    &target,
        &rest,     &ddecoupled,  &normalised,   &cross,    &dnormalised, &own,     &others,
        &drefined, &transformed, &dtransformed, &powers,   &dpowers,     &learned, &dlearned})
    CHECK(twin->distance() <= 1e-9);
}

TEST_CASE("CUDA: either part of soft targets can be left out, and the gradient", "[cuda]") {
  const Index classes = GENERATE(10, 1500);
  const bool has_hard = GENERATE(false, true);
  const bool has_soft = GENERATE(false, true);
  const bool has_gradient = GENERATE(false, true);
  CAPTURE(classes, has_hard, has_soft, has_gradient);
  const Index batch = 5;
  Twin<float> z(classes * batch, seed(1), 8), v(classes * batch, seed(2), 8), dz(classes * batch),
      hard(batch), soft(batch);
  Twin<kd::Label> labels = random_labels(batch, classes);
  on_both([&](auto side) {
    auto dlogits = side.out(dz, classes, batch);
    auto hard_values = side.out(hard);
    auto soft_values = side.out(soft);
    if (!has_gradient) dlogits = {};
    if (!has_hard) hard_values = {};
    if (!has_soft) soft_values = {};
    op_soft_targets(side.space, side.in(z, classes, batch), side.in(v, classes, batch),
                    side.in(labels), 3.F, 0.3F, 0.7F, dlogits, kd::Write::add, hard_values,
                    soft_values);
  });
  CHECK(hard.distance() <= twin::tolerance);
  CHECK(soft.distance() <= twin::tolerance);
  CHECK(dz.distance() <= twin::tolerance);
}

TEST_CASE("CUDA: logits of ten thousand and of minus infinity do no harm", "[cuda]") {
  const Index classes = GENERATE(10, 1500, 9000);
  const float base = GENERATE(1e4F, -1e4F);
  CAPTURE(classes, base);
  const Index batch = 3;
  kd::Rng rng(1);
  auto z = Twin<float>::of(classes * batch, [&](Index) { return base + rng.symmetric(4.F); });
  auto v = Twin<float>::of(classes * batch, [&](Index) { return -base + rng.symmetric(4.F); });
  Twin<float> dz(classes * batch), hard(batch), soft(batch), values(batch);
  Twin<kd::Label> labels = Twin<kd::Label>::of(batch, [](Index) { return 1; });
  on_both([&](auto side) {
    op_soft_targets(side.space, side.in(z, classes, batch), side.in(v, classes, batch),
                    side.in(labels), 2.F, 0.5F, 0.5F, side.out(dz, classes, batch), kd::Write::add,
                    side.out(hard), side.out(soft));
  });
  CHECK(dz.distance() <= twin::tolerance);
  CHECK(soft.distance() <= twin::tolerance);
  CHECK(hard.distance() <= twin::tolerance);

  auto masked = Twin<float>::of(
      classes * batch, [](Index i) { return i % 10 < 3 ? static_cast<float>(i % 10) : -INFINITY; });
  on_both([&](auto side) {
    op_cross_entropy(side.space, side.in(masked, classes, batch), side.in(labels), 1.F,
                     side.out(dz, classes, batch), Write::add, side.out(values));
  });
  CHECK(values.distance() <= twin::tolerance);
  CHECK(dz.distance() <= twin::tolerance);
}

TEST_CASE("CUDA: a NaN among the logits reaches the loss", "[cuda]") {
  const Index classes = GENERATE(1, 10, 1500, 9000);
  auto z = Twin<float>::of(2 * classes, [&](Index i) { return i == 2 * classes - 1 ? NAN : 0.F; });
  Twin<float> values(2);
  Twin<kd::Label> labels(2);
  const twin::Side<kd::cuda::Space> side;
  op_cross_entropy(side.space, side.in(z, classes, 2), side.in(labels), 1.F,
                   kd::MatrixView<float, kd::cuda::Space>{}, Write::add, side.out(values));
  CHECK(std::isfinite(values.downloaded().view().data[0]));
  CHECK(std::isnan(values.downloaded().view().data[1]));
}

TEMPLATE_TEST_CASE("CUDA: the first of the largest logits is chosen", "[cuda]", float, double) {
  const Index classes = GENERATE(KD_CLASSES);
  const Index batch = classes > 1025 ? 2 : 7;
  CAPTURE(classes);
  kd::Rng rng = seed(classes);
  // Few different numbers: many are equal.
  auto z = Twin<TestType>::of(classes * batch,
                              [&](Index) { return static_cast<TestType>(rng.below(5)) - 9; });
  Twin<kd::Label> best(batch);
  on_both([&](auto side) { op_argmax(side.space, side.in(z, classes, batch), side.out(best)); });
  CHECK(best.is_identical());
}
