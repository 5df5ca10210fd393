// SPDX-License-Identifier: MIT
#include "cuda/twin.hpp"
#include "support/catch.hpp"

using kd::Index;
using kd::Write;
using twin::on_both;
using twin::seed;
using twin::Twin;

TEMPLATE_TEST_CASE("CUDA: ReLU is the CPU's", "[cuda]", float, double) {
  const Index size = GENERATE(from_range(std::begin(twin::sizes), std::end(twin::sizes)));
  const Write write = GENERATE(Write::overwrite, Write::add);
  CAPTURE(size);
  Twin<TestType> x(size, seed(size)), y(size), dy(size, seed(size + 1)), dx(size, seed(size + 2));
  on_both([&](auto side) {
    op_relu_forward(side.space, side.in(x), side.out(y));
    op_relu_backward(side.space, side.in(y), side.in(dy), side.out(dx), write);
  });
  CHECK(y.is_identical());
  CHECK(dx.is_identical());
}

TEMPLATE_TEST_CASE("CUDA: ReLU keeps NaN where the next check finds it", "[cuda]", float) {
  Twin<TestType> x = Twin<TestType>::of(5, [](Index i) { return i == 3 ? NAN : -1.F; }), y(5);
  const twin::Side<kd::cuda::Space> side;
  op_relu_forward(side.space, side.in(x), side.out(y));
  CHECK(std::isnan(y.downloaded().view().data[3]));
}

TEMPLATE_TEST_CASE("CUDA: copies, sums and products of vectors are the CPU's", "[cuda]", float,
                   double) {
  const Index size = GENERATE(from_range(std::begin(twin::sizes), std::end(twin::sizes)));
  const Write write = GENERATE(Write::overwrite, Write::add);
  CAPTURE(size);
  Twin<TestType> a(size, seed(size)), b(size, seed(size + 1)), sum(size, seed(size + 2)),
      product(size, seed(size + 3));
  on_both([&](auto side) {
    op_copy(side.space, side.in(a), side.out(sum), write);
    op_multiply(side.space, side.in(a), side.in(b), side.out(product), write);
  });
  CHECK(sum.is_identical());
  CHECK(product.distance() <= twin::tolerance);  // a device may round a product and a sum at once
}

TEMPLATE_TEST_CASE("CUDA: samples are weighed as on the CPU", "[cuda]", float, double) {
  const Index rows = GENERATE(1, 4, 7, 10);
  const auto write = GENERATE(Write::overwrite, Write::add);
  CAPTURE(rows, static_cast<int>(write));
  constexpr Index batch = 33;
  Twin<TestType> gradient(rows * batch, seed(1)), dx(rows * batch, seed(2)), values(batch, seed(3));
  auto weights = Twin<TestType>::of(
      batch, [](Index b) { return static_cast<TestType>(b % 3 == 0 ? 0 : b) / 8; });
  on_both([&](auto side) {
    op_weigh(side.space, side.in(weights), side.in(gradient, rows, batch),
             side.out(dx, rows, batch), write, side.out(values));
    op_weigh(side.space, side.in(weights), side.in(dx, rows, batch), side.out(dx, rows, batch),
             Write::overwrite, side.out(values));
  });
  CHECK(dx.distance() <= twin::tolerance);
  CHECK(values.is_identical());
}

TEMPLATE_TEST_CASE("CUDA: parts of vectors that no pack can be loaded from", "[cuda]", float,
                   double) {
  const Index offset = GENERATE(1, 2, 3);
  Twin<TestType> a(1000, seed(1)), b(1000, seed(2)), c(1000, seed(3));
  on_both([&](auto side) {
    const Index count = 1000 - 7;
    op_multiply(side.space, side.in(a).slice(offset, count), side.in(b).slice(0, count),
                side.out(c).slice(2 * offset, 1000 - 7), Write::overwrite);
  });
  CHECK(c.is_identical());
}

TEMPLATE_TEST_CASE("CUDA: dropout draws the CPU's masks, bit for bit", "[cuda]", float, double) {
  const Index size = GENERATE(1, 31, 32, 33, 63, 64, 65, 1000, 50257);
  const double p = GENERATE(0.0, 0.2, 0.5, 0.999);
  CAPTURE(size, p);
  Twin<TestType> x(size, seed(size)), mask(size), y(size);
  const kd::Rng rng = kd::Rng(42).stream(static_cast<std::uint64_t>(size));
  on_both([&](auto side) {
    op_dropout_forward(side.space, rng, p, side.in(x), side.out(mask), side.out(y));
  });
  CHECK(mask.is_identical());
  CHECK(y.is_identical());
}

TEMPLATE_TEST_CASE("CUDA: Adam is the CPU's", "[cuda]", float, double) {
  using S = TestType;
  const Index size = GENERATE(from_range(std::begin(twin::sizes), std::end(twin::sizes)));
  CAPTURE(size);
  Twin<S> p(size, seed(size)), g(size, seed(size + 1)), m(size, seed(size + 2), 0.01),
      v = Twin<S>::of(size, [](Index i) { return S(1e-4) * static_cast<S>(i % 7 + 1); });
  Twin<std::int32_t> guard(1);
  const kd::AdamStep<S> step{.rate = S(0.01),
                             .beta1 = S(0.9),
                             .gain1 = S(0.1),
                             .beta2 = S(0.999),
                             .gain2 = S(0.001),
                             .eps = S(1e-8),
                             .root_scale = S(1.5),
                             .decay = S(0.99)};
  on_both([&](auto side) {
    op_adam(side.space, side.out(p), side.in(g), side.out(m), side.out(v), step, side.out(guard));
  });
  CHECK(p.distance() <= twin::tolerance);
  CHECK(m.distance() <= twin::tolerance);
  CHECK(v.distance() <= twin::tolerance);
}

TEMPLATE_TEST_CASE("CUDA: SGD is the CPU's", "[cuda]", float, double) {
  using S = TestType;
  const Index size = GENERATE(1, 33, 1000, 50257);
  const bool momentum = GENERATE(false, true);
  const bool first = GENERATE(false, true);
  const bool nesterov = GENERATE(false, true);
  CAPTURE(size, momentum, first, nesterov);
  Twin<S> p(size, seed(size)), g(size, seed(size + 1)), u(momentum ? size : 0, seed(size + 2));
  Twin<std::int32_t> guard(1);
  const kd::SgdStep<S> step{S(0.1), S(0.9), S(0.01), nesterov && momentum, first};
  on_both([&](auto side) {
    op_sgd(side.space, side.out(p), side.in(g), side.out(u), step, side.out(guard));
  });
  CHECK(p.distance() <= twin::tolerance);
  CHECK(u.distance() <= twin::tolerance);
}

TEMPLATE_TEST_CASE("CUDA: the max-norm constraint is the CPU's", "[cuda]", float, double) {
  using S = TestType;
  const Index width = GENERATE(1, 33, 40, 784, 1200, 9000);
  const Index units = 7;
  CAPTURE(width);
  // Some units are longer than the bound, and one's squares are beyond what a float holds.
  auto w = Twin<S>::of(width * units, [&](Index i) {
    kd::Rng rng = seed(width).stream(static_cast<std::uint64_t>(i));
    return rng.symmetric(S(1)) * (i / width == 3 ? S(1e25) : static_cast<S>(i / width));
  });
  Twin<std::int32_t> guard(1);
  const auto bound = static_cast<S>(std::sqrt(static_cast<double>(width)));
  on_both([&](auto side) {
    op_max_norm(side.space, side.out(w, width, units), bound, side.out(guard));
  });
  CHECK(w.distance() <= twin::tolerance);
  const auto lengths = kd::map(w.host()).reshaped(width, units).colwise().norm().eval();
  CHECK(lengths(3) == Approx(bound));
  CHECK(lengths(1) < bound);
  CHECK(lengths.maxCoeff() == Approx(bound));
}

TEST_CASE("CUDA: nothing is changed while the guard is up", "[cuda]") {
  Twin<float> p(1000, seed(1)), g(1000, seed(2)), m(1000, seed(3)), v(1000, seed(4));
  Twin<std::int32_t> guard = Twin<std::int32_t>::of(1, [](Index) { return 1; }), steps(1);
  auto where = Twin<unsigned long long>::of(1, [](Index) { return kd::Lookout<>::nowhere; });
  const twin::Side<kd::cuda::Space> side;
  op_adam(side.space, side.out(p), side.in(g), side.out(m), side.out(v), kd::AdamStep<float>{},
          side.out(guard));
  op_sgd(side.space, side.out(p), side.in(g), side.out(m), kd::SgdStep<float>{}, side.out(guard));
  op_max_norm(side.space, side.out(p, 100, 10), 0.1F, side.out(guard));
  op_settle_guard(side.space, side.in(where), side.out(guard), side.out(steps));
  CHECK(p.is_identical());
  CHECK(m.is_identical());
  CHECK(v.is_identical());
  CHECK(op_read(side.space, side.out(steps)) == 0);
  op_zero(side.space, side.out(guard));
  op_settle_guard(side.space, side.in(where), side.out(guard), side.out(steps));
  CHECK(op_read(side.space, side.out(steps)) == 1);
  // A place that was found raises the guard, and the step does not count.
  op_zero(side.space, side.out(where));
  op_settle_guard(side.space, side.in(where), side.out(guard), side.out(steps));
  CHECK(op_read(side.space, side.out(steps)) == 1);
  CHECK(op_read(side.space, side.out(guard)) == 1);
}

TEMPLATE_TEST_CASE("CUDA: looking ahead finds the CPU's places", "[cuda]", float, double) {
  using S = TestType;
  const Index size = GENERATE(1, 33, 1000, 50257);
  const bool careful = GENERATE(false, true);
  CAPTURE(size, careful);
  const auto ordinary = [&](Index k) { return Twin<S>(size, seed(k)); };
  const auto bad_from = [&](Index first) {
    return Twin<S>::of(size, [&](Index i) {
      return i < first || i % 2 == 0 ? S(1) : std::numeric_limits<S>::max() * S(0.9);
    });
  };
  Twin<S> p = ordinary(1), m = ordinary(2), u = ordinary(3), v = bad_from(size),
          g = bad_from(size / 2);
  Twin<std::int32_t> guard(1), flag(1), large(1),
      cautious = Twin<std::int32_t>::of(1, [&](Index) { return careful ? 1 : 0; });
  const auto places = [] {
    return Twin<unsigned long long>::of(1, [](Index) { return kd::Lookout<>::nowhere; });
  };
  auto adam = places(), sgd = places(), at = places();
  kd::AdamStep<S> a{};
  a.gain1 = a.beta1 = a.beta2 = S(0.5);
  a.gain2 = a.eps = S(1);
  kd::SgdStep<S> s{};
  s.rate = S(10);
  s.momentum = S(0.9);
  on_both([&](auto side) {
    const auto lookout = [&](auto& where) {
      return kd::Lookout<decltype(side.space)>{side.in(guard), side.out(cautious), side.out(where),
                                               7};
    };
    op_look_adam(side.space, side.out(p), side.in(g), side.out(m), side.out(v), a, lookout(adam));
    op_look_sgd(side.space, side.out(p), side.in(g), side.out(u), s, lookout(sgd));
    op_flag_large(side.space, side.in(g), 0x1p32, side.out(flag));
    op_flag_gradients(side.space, side.in(g), 0x1p32, side.out(guard), side.out(large));
    op_settle_guard(side.space, side.in(adam), side.out(guard), side.out(flag));
    op_restore(side.space, side.in(v), side.out(p), side.in(guard));
  });
  const bool finds = careful && size > 1;
  CHECK((adam.host().data[0] != kd::Lookout<>::nowhere) == finds);
  CHECK((guard.host().data[0] != 0) == finds);
  CHECK(large.host().data[0] == (size > 1));
  CHECK(adam.is_identical());
  CHECK(sgd.is_identical());
  CHECK(guard.is_identical());
  CHECK(large.is_identical());
  CHECK(flag.is_identical());
  CHECK(p.is_identical());
  CHECK(m.is_identical());
}

TEMPLATE_TEST_CASE("CUDA: the guard goes up for NaN and infinity, wherever", "[cuda]", float,
                   double) {
  const Index size = GENERATE(1, 33, 1000, 50257);
  const Index at = GENERATE(0, 32, 999, 50256);
  const double bad = GENERATE(NAN, INFINITY, -INFINITY, 1e30, 0.0);
  if (at >= size) return;
  CAPTURE(size, at, bad);
  Twin<TestType> x = Twin<TestType>::of(
      size, [&](Index i) { return i == at ? static_cast<TestType>(bad) : TestType(1); });
  Twin<std::int32_t> guard(1);
  on_both([&](auto side) { op_flag_nonfinite(side.space, side.in(x), side.out(guard)); });
  CHECK(guard.host().data[0] == !std::isfinite(bad));
  CHECK(guard.is_identical());
}

TEMPLATE_TEST_CASE("CUDA: sums, square sums and clipping are the CPU's", "[cuda]", float, double) {
  const Index size = GENERATE(1, 31, 32, 33, 1000, 4096, 4097, 50257);
  CAPTURE(size);
  Twin<TestType> x(size, seed(size), 3);
  Twin<double> sum = Twin<double>::of(1, [](Index) { return 5.; }), squares(1);
  on_both([&](auto side) {
    op_add_sum(side.space, side.in(x), side.out(sum));
    op_add_square_sum(side.space, side.in(x), side.out(squares));
    op_clip(side.space, side.out(x), side.in(squares), 2.);
  });
  CHECK(sum.distance() <= twin::tolerance);
  CHECK(squares.distance() <= twin::tolerance);
  CHECK(x.distance() <= twin::tolerance);
}

TEST_CASE("CUDA: a gradient within the norm is not clipped", "[cuda]") {
  const double square_sum = GENERATE(0.25, double{INFINITY}, double{NAN});
  Twin<float> x(100, seed(1));
  Twin<double> squares = Twin<double>::of(1, [&](Index) { return square_sum; });
  const twin::Side<kd::cuda::Space> side;
  op_clip(side.space, side.out(x), side.in(squares), 1.);
  CHECK(x.is_identical());
}

TEST_CASE("CUDA: bytes and floats are gathered by index", "[cuda]") {
  const Index features = GENERATE(1, 31, 784, 1000);
  const Index batch = GENERATE(1, 33);
  CAPTURE(features, batch);
  const Index samples = 50;
  kd::Rng rng(1);
  auto bytes = Twin<std::uint8_t>::of(
      features * samples, [&](Index) { return static_cast<std::uint8_t>(rng.below(256)); });
  Twin<float> floats(features * samples, seed(2)), widened(features * batch),
      copied(features * batch);
  auto indices = Twin<Index>::of(batch, [&](Index) { return rng.below(samples); });
  auto labels =
      Twin<kd::Label>::of(samples, [&](Index) { return static_cast<kd::Label>(rng.below(10)); });
  Twin<kd::Label> taken(batch);
  on_both([&](auto side) {
    op_gather(side.space, side.in(bytes, features, samples), side.in(indices), 1.F / 255,
              side.out(widened, features, batch));
    op_gather(side.space, side.in(floats, features, samples), side.in(indices), 1.F,
              side.out(copied, features, batch));
    op_gather_labels(side.space, side.in(labels), side.in(indices), side.out(taken));
  });
  CHECK(widened.is_identical());
  CHECK(copied.is_identical());
  CHECK(taken.is_identical());
}
