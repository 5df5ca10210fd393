// SPDX-License-Identifier: MIT
//
// Losses between hidden features, of one sample and of pairs of samples.
#include "cuda/twin.hpp"
#include "support/catch.hpp"

using kd::Index;
using kd::Write;
using twin::on_both;
using twin::seed;
using twin::Twin;

TEMPLATE_TEST_CASE("CUDA: losses between features of one sample are the CPU's", "[cuda]", float,
                   double) {
  using S = TestType;
  const Index features = GENERATE(1, 31, 32, 33, 1000, 1500, 50257);
  const Index batch = features > 1000 ? 2 : GENERATE(1, 5, 33);
  CAPTURE(features, batch);
  const Index size = features * batch;
  Twin<S> f(size, seed(1), 3), g(size, seed(2), 3), df(size, seed(3)), cosines(batch),
      spread(features, seed(4), 3), dspread(features, seed(5)), likelihoods(batch),
      y(size, seed(6)), unit(size, seed(7)), lengths(batch), dunit(size, seed(8));
  on_both([&](auto side) {
    const auto target = side.in(g, features, batch);
    op_factor_cosine(side.space, side.in(f, features, batch), target, S(0.5),
                     side.out(df, features, batch), side.out(cosines));
    op_gaussian_likelihood(side.space, side.in(y, features, batch), target, side.in(spread), S(0.5),
                           side.out(y, features, batch), side.out(dspread), side.out(likelihoods));
    op_make_unit(side.space, side.out(unit, features, batch), side.out(lengths));
    op_make_unit_backward(side.space, side.in(unit, features, batch), side.in(lengths),
                          side.out(dunit, features, batch));
  });
  // One feature alone has a cosine of 1 or -1, and no gradient but what rounding leaves.
  CHECK(cosines.distance() <= twin::tolerance);
  CHECK(df.distance() <= twin::tolerance);
  CHECK(y.distance() <= twin::tolerance);
  CHECK(dspread.distance() <= twin::tolerance);
  CHECK(likelihoods.distance() <= twin::tolerance);
  CHECK(unit.distance() <= twin::tolerance);
  CHECK(lengths.distance() <= twin::tolerance);
  if (features > 1) CHECK(dunit.distance() <= twin::tolerance);
}

TEST_CASE("CUDA: features that are all zero, tiny or huge have the CPU's lengths", "[cuda]") {
  const Index features = GENERATE(5, 32, 1500);
  const float factor = GENERATE(0.F, 1e-30F, 1e30F);
  CAPTURE(features, factor);
  const Index batch = 3;
  kd::Rng rng(1);
  auto f = Twin<float>::of(features * batch, [&](Index) { return factor * rng.symmetric(1.F); });
  auto unit = Twin<float>::of(features * batch, [&](Index) { return factor * rng.symmetric(1.F); });
  Twin<float> g(features * batch, seed(2)), df(features * batch, seed(3)), values(batch),
      lengths(batch);
  on_both([&](auto side) {
    op_factor_cosine(side.space, side.in(f, features, batch), side.in(g, features, batch), 0.5F,
                     side.out(df, features, batch), side.out(values));
    op_make_unit(side.space, side.out(unit, features, batch), side.out(lengths));
  });
  CHECK(values.distance() <= twin::tolerance);
  CHECK(df.distance() <= twin::tolerance);
  CHECK(unit.distance() <= twin::tolerance);
  CHECK(lengths.distance() <= twin::tolerance);
}

TEMPLATE_TEST_CASE("CUDA: losses between pairs of samples are the CPU's", "[cuda]", float, double) {
  using S = TestType;
  const Index features = GENERATE(5, 32);
  const Index batch = GENERATE(2, 31, 32, 33, 70);
  const bool has_zero = batch == 31;  // a sample without direction, and two that are equal
  CAPTURE(features, batch);
  const Index size = features * batch;
  const Index pairs = batch * batch;
  kd::Rng rng = seed(batch);
  auto f = Twin<S>::of(size, [&](Index i) {
    const S x = rng.symmetric(S(1));
    if (batch == 33 && i < features) return S(1e-3) * x;  // two that are close to each other
    if (batch == 33 && i < 2 * features) return S(0);
    return has_zero && i < 2 * features ? S(0) : x;
  });
  Twin<S> g(size, seed(2)), similarity(size, seed(3)), transfer(size, seed(4)),
      relational(size, seed(5)), s(pairs), t(pairs), u(pairs), w(pairs), lengths(2 * batch),
      values(batch), transferred(batch), d(2 * pairs), e(2 * pairs), pull(pairs, seed(6)),
      room(pairs), distance(batch), angle(batch);
  on_both([&](auto side) {
    const auto student = side.in(f, features, batch);
    const auto teacher = side.in(g, features, batch);
    op_similarity_preserving(side.space, student, teacher, S(0.5),
                             side.out(similarity, features, batch), side.out(values),
                             side.out(s, batch, batch), side.out(t, batch, batch));
    op_probabilistic_transfer(side.space, student, teacher, S(0.5),
                              side.out(transfer, features, batch), side.out(transferred),
                              side.out(u, batch, batch), side.out(w, batch, batch),
                              side.out(lengths));
    op_pair_distances(side.space, student, side.out(d, batch, 2 * batch));
    op_pair_distances(side.space, teacher, side.out(e, batch, 2 * batch));
    op_relational_distance(side.space, side.in(d, batch, 2 * batch), side.in(e, batch, 2 * batch),
                           S(0.5), side.out(pull, batch, batch), side.out(room, batch, batch),
                           side.out(distance));
    op_relational_angle(side.space, student, side.in(d, batch, 2 * batch), teacher,
                        side.in(e, batch, 2 * batch), S(0.5), side.out(pull, batch, batch),
                        side.out(room, batch, batch), side.out(angle));
    op_add_pulls(side.space, student, side.in(pull, batch, batch),
                 side.out(relational, features, batch));
  });
  CHECK(values.distance() <= twin::tolerance);
  CHECK(similarity.distance() <= twin::tolerance);
  CHECK(transferred.distance() <= twin::tolerance);
  CHECK(transfer.distance() <= twin::tolerance);
  CHECK(d.distance() <= twin::tolerance);
  CHECK(distance.distance() <= twin::tolerance);
  CHECK(angle.distance() <= twin::tolerance);
  CHECK(pull.distance() <= twin::tolerance);
  CHECK(relational.distance() <= twin::tolerance);
}

TEMPLATE_TEST_CASE("CUDA: distances of wide features, and of many samples", "[cuda]", float,
                   double) {
  using S = TestType;
  const Index features = GENERATE(33, 1500);
  const Index batch = features == 33 ? 70 : 5;  // of 70, more than one block's sum
  CAPTURE(features, batch);
  Twin<S> f(features * batch, seed(1)), d(2 * batch * batch);
  on_both([&](auto side) {
    op_pair_distances(side.space, side.in(f, features, batch), side.out(d, batch, 2 * batch));
  });
  CHECK(d.distance() <= twin::tolerance);
}

TEMPLATE_TEST_CASE("CUDA: contrast with memory banks is the CPU's", "[cuda]", float, double) {
  using S = TestType;
  const Index width = GENERATE(1, 31, 128, 300);
  const Index negatives = GENERATE(1, 63, 64, 65, 200);
  CAPTURE(width, negatives);
  const Index samples = 60;
  const Index batch = 7;
  Twin<S> anchors(width * batch, seed(1)), bank(width * samples, seed(2)), scratch(samples),
      normaliser(1), danchors(width * batch), values(batch);
  auto own = Twin<Index>::of(batch, [](Index b) { return 50 - 7 * b; });
  // The samples of class c are those with number c modulo 3.
  auto labels =
      Twin<kd::Label>::of(batch, [](Index b) { return static_cast<kd::Label>((50 - 7 * b) % 3); });
  auto order = Twin<std::int32_t>::of(
      samples, [](Index i) { return static_cast<std::int32_t>(i % 20 * 3 + i / 20); });
  auto begins =
      Twin<std::int32_t>::of(4, [](Index c) { return static_cast<std::int32_t>(20 * c); });
  Twin<std::int32_t> drawn(negatives * batch);
  on_both([&](auto side) {
    op_make_unit(side.space, side.out(anchors, width, batch), side.out(values));
    op_make_unit(side.space, side.out(bank, width, samples), side.out(scratch));
    op_draw_other_classes(side.space, kd::Rng(5), side.in(own), side.in(labels), side.in(order),
                          side.in(begins), side.out(drawn, negatives, batch));
    const auto entries = side.in(bank, width, samples);
    const auto others = side.in(drawn, negatives, batch);
    const auto embeddings = side.in(anchors, width, batch);
    op_contrast_normaliser(side.space, embeddings, entries, side.in(own), others, S(0.07),
                           side.out(normaliser));
    op_contrast(side.space, embeddings, entries, side.in(own), others, side.in(normaliser), S(0.07),
                S(0.5), side.out(danchors, width, batch), side.out(values));
    op_move_bank(side.space, embeddings, side.in(own), S(0.5), side.out(bank, width, samples));
  });
  CHECK(drawn.is_identical());
  CHECK(normaliser.distance() <= twin::tolerance);
  CHECK(values.distance() <= twin::tolerance);
  CHECK(danchors.distance() <= twin::tolerance);
  CHECK(bank.distance() <= twin::tolerance);
}

TEST_CASE("CUDA: an embedding that is not finite moves no entry of a bank", "[cuda]") {
  auto unit = Twin<float>::of(10, [](Index i) { return i == 7 ? NAN : 0.5F; });
  Twin<float> bank(20, seed(1));
  auto own = Twin<Index>::of(2, [](Index b) { return 1 + b; });
  on_both([&](auto side) {
    op_move_bank(side.space, side.in(unit, 5, 2), side.in(own), 0.5F, side.out(bank, 5, 4));
  });
  CHECK(bank.distance() <= twin::tolerance);
}
