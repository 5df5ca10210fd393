// SPDX-License-Identifier: MIT
#include <algorithm>

#include "cuda/twin.hpp"
#include "support/catch.hpp"

using kd::Index;
using kd::Write;
using twin::on_both;
using twin::seed;
using twin::Twin;

#define KD_CLASSES 2, 31, 32, 33, 1000, 1500, 50257

TEMPLATE_TEST_CASE("CUDA: the methods on logits are the CPU's", "[cuda]", float, double) {
  using S = TestType;
  const Index classes = GENERATE(KD_CLASSES);
  const Index batch = classes > 1000 ? 2 : 5;
  const bool has_gradient = GENERATE(true, false);
  const kd::Write write = has_gradient ? kd::Write::add : kd::Write::overwrite;
  CAPTURE(classes, has_gradient);
  const Index size = classes * batch;
  Twin<S> z(size, seed(classes), 8), v(size, seed(classes + 1), 8), reverse(size), jsd(size),
      smooth(size, seed(3)), decoupled(size), own(size), a(batch), b(batch), c(batch), d(batch),
      e(batch);
  kd::Rng rng(5);
  auto labels =
      Twin<kd::Label>::of(batch, [&](Index) { return static_cast<kd::Label>(rng.below(classes)); });
  on_both([&](auto side) {
    const auto student = side.in(z, classes, batch);
    const auto teacher = side.in(v, classes, batch);
    const auto gradient = [&](Twin<S>& twin) {
      auto view = side.out(twin, classes, batch);
      if (!has_gradient) view = {};
      return view;
    };
    op_reverse_kl(side.space, student, teacher, S(3), S(0.5), gradient(reverse), side.out(a));
    op_generalized_jsd(side.space, student, teacher, S(3), S(0.3), S(0.5), gradient(jsd),
                       side.out(b));
    op_label_smoothing(side.space, student, side.in(labels), S(0.1), S(0.5), gradient(smooth),
                       write, side.out(c));
    op_decoupled_kd(side.space, student, teacher, side.in(labels), S(4), S(1), S(8),
                    gradient(decoupled), side.out(d), side.out(e));
    op_virtual_logits(side.space, side.in(labels), S(10), S(-1), side.out(own, classes, batch));
  });
  CHECK(a.distance() <= twin::tolerance);
  CHECK(b.distance() <= twin::tolerance);
  CHECK(c.distance() <= twin::tolerance);
  CHECK(d.distance() <= twin::tolerance);
  CHECK(e.distance() <= twin::tolerance);
  CHECK(reverse.distance() <= twin::tolerance);
  CHECK(jsd.distance() <= twin::tolerance);
  CHECK(smooth.distance() <= twin::tolerance);
  CHECK(decoupled.distance() <= twin::tolerance);
  CHECK(own.is_identical());
}

TEMPLATE_TEST_CASE("CUDA: normalised, refined and transformed logits are the CPU's", "[cuda]",
                   float, double) {
  using S = TestType;
  const Index classes = GENERATE(KD_CLASSES);
  const Index batch = classes > 1000 ? 2 : 5;
  const bool has_gradient = GENERATE(true, false);
  CAPTURE(classes, has_gradient);
  const Index size = classes * batch;
  Twin<S> z(size, seed(classes), 8), v(size, seed(classes + 1), 8), normalised(size), refined(size),
      transformed(size), weighted(size), a(batch), b(batch), c(batch), d(batch), e(batch), f(batch);
  kd::Rng rng(5);
  auto labels =
      Twin<kd::Label>::of(batch, [&](Index) { return static_cast<kd::Label>(rng.below(classes)); });
  on_both([&](auto side) {
    const auto student = side.in(z, classes, batch);
    const auto teacher = side.in(v, classes, batch);
    const auto gradient = [&](Twin<S>& twin) {
      auto view = side.out(twin, classes, batch);
      if (!has_gradient) view = {};
      return view;
    };
    op_nkd(side.space, student, teacher, side.in(labels), S(3), S(1), S(1.5), gradient(normalised),
           side.out(a), side.out(b));
    op_refined_logits(side.space, student, teacher, side.in(labels), S(2), S(4), S(1), S(8),
                      gradient(refined), side.out(c), side.out(d));
    op_wttm(side.space, student, teacher, S(5), false, S(0.5), gradient(transformed), side.out(e));
    op_wttm(side.space, student, teacher, S(5), true, S(0.5), gradient(weighted), side.out(f));
  });
  for (const Twin<S>* twin :
       {&a, &b, &c, &d, &e, &f, &normalised, &refined, &transformed, &weighted})
    CHECK(twin->distance() <= twin::tolerance);
}

TEMPLATE_TEST_CASE("CUDA: where y is the least likely class no other is compared", "[cuda]", float,
                   double) {
  using S = TestType;
  const Index classes = GENERATE(2, 33, 1500);
  CAPTURE(classes);
  // y is the least alone, among equals, the largest alone, and as large as another.
  const Index batch = 4;
  Twin<S> z(classes * batch, seed(1), 8), dz(classes * batch), own(batch), others(batch);
  kd::Rng rng(2);
  auto v = Twin<S>::of(classes * batch, [&](Index i) {
    const bool is_y = i % classes == classes - 1;
    const S at[] = {S(-9), S(0), S(9), S(5)};
    if (is_y) return at[i / classes];
    return i / classes == 1 ? S(0) : i % classes == 0 ? S(5) : rng.symmetric(S(4));
  });
  auto labels =
      Twin<kd::Label>::of(batch, [&](Index) { return static_cast<kd::Label>(classes - 1); });
  on_both([&](auto side) {
    op_refined_logits(side.space, side.in(z, classes, batch), side.in(v, classes, batch),
                      side.in(labels), S(1), S(4), S(1), S(1), side.out(dz, classes, batch),
                      side.out(own), side.out(others));
  });
  const auto values = others.downloaded();
  CHECK(values.view().data[0] == 0);
  CHECK(values.view().data[1] == 0);
  for (const Twin<S>* twin : {&own, &others, &dz}) CHECK(twin->distance() <= twin::tolerance);
}

TEMPLATE_TEST_CASE("CUDA: the alpha-beta divergence is the CPU's", "[cuda]", float, double) {
  using S = TestType;
  const Index classes = GENERATE(KD_CLASSES);
  const Index batch = classes > 1000 ? 2 : 5;
  const bool has_gradient = classes != 33;
  const auto [with_a, with_b] = GENERATE(table<S, S>(
      {{S(0.8), S(0.3)}, {S(0.3), S(0.8)}, {S(0.6), S(0)}, {S(0), S(0.6)}, {S(0), S(0)}}));
  CAPTURE(classes, with_a, with_b);
  const Index size = classes * batch;
  Twin<S> z(size, seed(classes), 8), v(size, seed(classes + 1), 8), dz(size), values(batch);
  on_both([&, a = with_a, b = with_b](auto side) {
    auto gradient = side.out(dz, classes, batch);
    if (!has_gradient) gradient = {};
    op_alpha_beta(side.space, side.in(z, classes, batch), side.in(v, classes, batch), S(2), a, b,
                  S(0.5), gradient, side.out(values));
  });
  CHECK(values.distance() <= twin::tolerance);
  CHECK(dz.distance() <= twin::tolerance);
}

TEMPLATE_TEST_CASE("CUDA: the squared error and standardising are the CPU's", "[cuda]", float,
                   double) {
  using S = TestType;
  const Index features = GENERATE(KD_CLASSES);
  const Index batch = features > 1000 ? 2 : 5;
  const Write write = GENERATE(Write::overwrite, Write::add);
  CAPTURE(features);
  const Index size = features * batch;
  Twin<S> x(size, seed(1), 3), t(size, seed(2), 3), dx(size, seed(3)), values(batch), out(size),
      deviations(batch), back(size, seed(4));
  on_both([&](auto side) {
    op_squared_error(side.space, side.in(x, features, batch), side.in(t, features, batch), S(0.5),
                     side.out(dx, features, batch), write, side.out(values));
    op_standardize(side.space, side.in(x, features, batch), side.out(out, features, batch),
                   side.out(deviations));
    op_standardize_backward(side.space, side.in(out, features, batch), side.in(deviations),
                            side.in(t, features, batch), side.out(back, features, batch));
  });
  CHECK(values.distance() <= twin::tolerance);
  CHECK(dx.distance() <= twin::tolerance);
  CHECK(out.distance() <= twin::tolerance);
  CHECK(deviations.distance() <= twin::tolerance);
  CHECK(back.distance() <= twin::tolerance);
}

TEMPLATE_TEST_CASE("CUDA: correlation and a learned temperature are the CPU's", "[cuda]", float,
                   double) {
  using S = TestType;
  const Index classes = GENERATE(KD_CLASSES);
  const Index batch = classes > 1000 ? 2 : GENERATE(1, 5, 33);
  const bool has_gradient = classes != 33;
  CAPTURE(classes, batch);
  const Index size = classes * batch;
  Twin<S> z(size, seed(classes), 4), v(size, seed(classes + 1), 4), q(size), p(size), dq(size),
      dz(size, seed(2)), inter(batch), intra(classes), learned(size, seed(3)), values(batch),
      slopes(batch);
  auto theta = Twin<S>::of(1, [](Index) { return S(-1.5); });
  auto dtheta = Twin<S>::of(1, [](Index) { return S(0.25); });
  on_both([&](auto side) {
    const auto student = side.in(z, classes, batch);
    const auto teacher = side.in(v, classes, batch);
    const auto room = [&](Twin<S>& twin) { return side.out(twin, classes, batch); };
    auto gradient = room(dz);
    auto learned_gradient = room(learned);
    if (!has_gradient) gradient = learned_gradient = {};
    op_correlation_kd(side.space, student, teacher, S(2), S(0.5), S(0.3), room(q), room(p),
                      room(dq), gradient, side.out(inter), side.out(intra));
    op_learned_temperature(side.space, student, teacher, side.in(theta), S(1), S(20), S(0.5),
                           S(-0.3), learned_gradient, side.out(dtheta), side.out(values),
                           side.out(slopes));
  });
  CHECK(inter.distance() <= twin::tolerance);
  CHECK(intra.distance() <= twin::tolerance);
  CHECK(dz.distance() <= twin::tolerance);
  CHECK(learned.distance() <= twin::tolerance);
  CHECK(values.distance() <= twin::tolerance);
  CHECK(slopes.distance() <= twin::tolerance);
  CHECK(dtheta.distance() <= twin::tolerance);
}

TEMPLATE_TEST_CASE("CUDA: the largest logits are kept, and taught from, as on the CPU", "[cuda]",
                   float, double) {
  using S = TestType;
  const Index classes = GENERATE(KD_CLASSES);
  const Index batch = classes > 1000 ? 2 : 5;
  const Index k = GENERATE_COPY(1, classes > 1500 ? 7 : std::min(classes, Index{31}));
  CAPTURE(classes, k);
  kd::Rng rng = seed(classes);
  // Few different numbers: many are equal, so that the order among those counts. One stands out:
  // without it the divergence of so many classes would be hardly more than rounding.
  auto v = Twin<S>::of(classes * batch, [&](Index i) {
    return i % classes == classes / 2 ? S(40) : static_cast<S>(rng.below(9)) / 2;
  });
  Twin<S> z(classes * batch, seed(classes + 1), 4), logits(k * batch), tail(batch),
      filled(classes * batch);
  Twin<kd::Label> kept(k * batch);
  auto indices = Twin<Index>::of(batch, [&](Index b) { return batch - 1 - b; });
  const auto table = [&](auto side) {
    using Space = decltype(side.space);
    return kd::TopKTable<S, Space>{side.out(kept, k, batch), side.out(logits, k, batch),
                                   side.out(tail)};
  };
  const auto known = [&](auto side) {
    using Space = decltype(side.space);
    return kd::TopKTable<const S, Space>{side.in(kept, k, batch), side.in(logits, k, batch),
                                         side.in(tail)};
  };
  on_both([&](auto side) {
    op_top_k(side.space, side.in(v, classes, batch), S(3), table(side));
    op_fill_logits(side.space, known(side), side.in(indices), side.out(filled, classes, batch));
  });
  CHECK(kept.is_identical());
  CHECK(logits.is_identical());
  CHECK(tail.distance() <= twin::tolerance);
  CHECK(filled.distance() <= twin::tolerance);
  for (const auto missing : {kd::MissingMass::renormalise, kd::MissingMass::tail_bucket,
                             kd::MissingMass::uniform_tail}) {
    CAPTURE(static_cast<int>(missing));
    Twin<S> dz(classes * batch, seed(3)), values(batch);
    on_both([&](auto side) {
      op_top_k_divergence(side.space, side.in(z, classes, batch), known(side), side.in(indices),
                          S(3), missing, S(0.5), side.out(dz, classes, batch), side.out(values));
    });
    CHECK(values.distance() <= twin::tolerance);
    CHECK(dz.distance() <= twin::tolerance);
  }
}

TEST_CASE("CUDA: logits of minus infinity are the last to be kept", "[cuda]") {
  const Index classes = GENERATE(5, 1030);
  auto v = Twin<float>::of(classes, [&](Index i) { return i == 3 ? 1.F : -INFINITY; });
  Twin<float> logits(3), tail(1);
  Twin<kd::Label> kept(3);
  const twin::Side<kd::cuda::Space> side;
  op_top_k(side.space, side.in(v, classes, 1), 1.F,
           kd::TopKTable<float, kd::cuda::Space>{side.out(kept, 3, 1), side.out(logits, 3, 1),
                                                 side.out(tail)});
  const auto classes_kept = kept.downloaded();
  CHECK(classes_kept.view().data[0] == 3);
  CHECK(classes_kept.view().data[1] == 0);
  CHECK(classes_kept.view().data[2] == 1);
}

TEMPLATE_TEST_CASE("CUDA: means of logits, of probabilities and of weights are the CPU's", "[cuda]",
                   float, double) {
  using S = TestType;
  const Index classes = GENERATE(KD_CLASSES);
  const Index batch = classes > 1000 ? 2 : 5;
  CAPTURE(classes);
  const Index size = classes * batch;
  Twin<S> a(size, seed(1), 4), b(size, seed(2), 4), logits(size), probabilities(size),
      average(size, seed(3));
  on_both([&](auto side) {
    op_scale(side.space, side.in(a), S(0.5), side.out(logits), Write::overwrite);
    op_scale(side.space, side.in(b), S(0.5), side.out(logits), Write::add);
    op_add_probabilities(side.space, side.in(a, classes, batch), S(2),
                         side.out(probabilities, classes, batch), Write::overwrite);
    op_add_probabilities(side.space, side.in(b, classes, batch), S(2),
                         side.out(probabilities, classes, batch), Write::add);
    op_logits_of_mean(side.space, side.out(probabilities), 2, S(2));
    op_moving_average(side.space, side.in(a), 0.99, side.out(average));
  });
  CHECK(logits.distance() <= twin::tolerance);
  CHECK(probabilities.distance() <= twin::tolerance);
  CHECK(average.distance() <= twin::tolerance);
}

TEMPLATE_TEST_CASE("CUDA: transport between classes is the CPU's", "[cuda]", float, double) {
  using S = TestType;
  const Index classes = GENERATE(2, 10, 33, 150);
  const Index batch = 3;
  const Index rounds = 5;
  CAPTURE(classes);
  const Index size = classes * batch;
  const Index rows = (9 + 2 * rounds) * classes;
  Twin<S> z(size, seed(1), 8), v(size, seed(2), 8), dz(size, seed(3)), values(batch),
      room(rows * batch);
  kd::Rng rng(5);
  const auto cost = [&](Index i) {
    return i % (classes + 1) == 0 ? S(0)
                                  : std::abs(kd::Rng(7).stream(std::uint64_t(i)).symmetric(S(1)));
  };
  auto kernel = Twin<S>::of(classes * classes, [&](Index i) { return std::exp(-5 * cost(i)); });
  auto costs =
      Twin<S>::of(classes * classes, [&](Index i) { return cost(i) * std::exp(-5 * cost(i)); });
  auto labels =
      Twin<kd::Label>::of(batch, [&](Index) { return static_cast<kd::Label>(rng.below(classes)); });
  on_both([&](auto side) {
    op_transport(side.space, side.in(z, classes, batch), side.in(v, classes, batch),
                 side.in(labels), side.in(kernel, classes, classes),
                 side.in(costs, classes, classes), S(2), rounds, S(3), side.out(dz, classes, batch),
                 side.out(values), side.out(room, rows, batch));
  });
  CHECK(values.distance() <= twin::tolerance);
  CHECK(dz.distance() <= twin::tolerance);
}

TEMPLATE_TEST_CASE("CUDA: multi-level distillation is the CPU's", "[cuda]", float, double) {
  using S = TestType;
  const Index classes = GENERATE(2, 10, 33);
  const Index batch = GENERATE(1, 5, 40);
  CAPTURE(classes, batch);
  const Index size = classes * batch;
  Twin<S> z(size, seed(1), 8), v(size, seed(2), 8), dz(size, seed(3)), q(size), p(size), dq(size),
      pairs(2 * batch * batch), class_pairs(2 * classes * classes), samples(batch),
      of_classes(classes);
  on_both([&](auto side) {
    op_multi_level(side.space, side.in(z, classes, batch), side.in(v, classes, batch), S(2), S(0.5),
                   S(3), side.out(dz, classes, batch), side.out(samples), side.out(of_classes),
                   side.out(q, classes, batch), side.out(p, classes, batch),
                   side.out(dq, classes, batch), side.out(pairs, batch, 2 * batch),
                   side.out(class_pairs, classes, 2 * classes));
  });
  for (const auto* twin : {&dz, &samples, &of_classes}) CHECK(twin->distance() <= twin::tolerance);
}
