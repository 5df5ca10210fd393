// SPDX-License-Identifier: MIT
#include <cmath>
#include <limits>

#include "cuda/twin.hpp"
#include "kd/distill.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using kd::Index;
using kd::Write;
using twin::on_both;
using twin::seed;
using twin::Twin;

TEMPLATE_TEST_CASE("CUDA: convolutions and pools are the CPU's", "[cuda]", float, double) {
  using S = TestType;
  const Index batch = GENERATE(1, 5);
  const Index groups = GENERATE(1, 2, 4);
  const kd::Window window = GENERATE(kd::Window{}, kd::Window{.stride = 2, .pad = 1},
                                     kd::Window{.stride = 2, .same = true});
  const kd::Kernel kernel = GENERATE(kd::Kernel(1), kd::Kernel(3, 2));
  const Write write = GENERATE(Write::overwrite, Write::add);
  const kd::Shape in{4, 7, 6};
  const auto conv = kd::detail::window_over("test", in, 8, kernel, window, groups);
  const auto pool = kd::detail::window_over("test", in, 4, kernel, window, 1);
  const Index a = in.features(), b = conv.out.features(), c = pool.out.features();
  const Index weights = conv.out.channels * conv.depth();
  Twin<S> w(weights, seed(1)), bias(8, seed(2)), x(a * batch, seed(3)), y(b * batch),
      dy(b * batch, seed(4)), dw(weights, seed(5)), db(8, seed(6)), dx(a * batch, seed(7)),
      max(c * batch), mean(c * batch), dpool(c * batch, seed(8)), dmax(a * batch, seed(9)),
      dmean(a * batch, seed(10));
  on_both([&](auto s) {
    op_conv2d_forward(s.space, conv, s.in(w), s.in(bias), s.in(x, a, batch), s.out(y, b, batch));
    op_conv2d_backward_params(s.space, conv, s.in(x, a, batch), s.in(dy, b, batch), s.out(dw),
                              s.out(db), write);
    op_conv2d_backward_input(s.space, conv, s.in(w), s.in(dy, b, batch), s.out(dx, a, batch),
                             write);
    op_max_pool_forward(s.space, pool, s.in(x, a, batch), s.out(max, c, batch));
    op_max_pool_backward(s.space, pool, s.in(x, a, batch), s.in(dpool, c, batch),
                         s.out(dmax, a, batch), write);
    op_average_pool_forward(s.space, pool, !window.same, s.in(x, a, batch), s.out(mean, c, batch));
    op_average_pool_backward(s.space, pool, !window.same, s.in(dpool, c, batch),
                             s.out(dmean, a, batch), write);
  });
  for (const auto* twin : {&y, &dw, &db, &dx, &mean, &dmean})
    CHECK(twin->distance() <= twin::tolerance);
  CHECK(max.is_identical());
  CHECK(dmax.is_identical());
}

TEMPLATE_TEST_CASE("CUDA: batch normalisation is the CPU's", "[cuda]", float, double) {
  using S = TestType;
  const Index batch = GENERATE(1, 2, 19);
  const kd::Shape shape = GENERATE(kd::Shape{3, 5, 4}, kd::Shape{37, 1, 1}, kd::Shape{2, 20, 19});
  const Write write = GENERATE(Write::overwrite, Write::add);
  CAPTURE(batch, shape.channels);
  const Index features = shape.features();
  const Index channels = shape.channels;
  Twin<S> x(features * batch, seed(1)), y(features * batch), fixed(features * batch),
      dy(features * batch, seed(2)), dx(features * batch, seed(3)), weight(channels, seed(4)),
      bias(channels, seed(5)), dweight(channels, seed(6)), dbias(channels, seed(7)),
      moments(2 * channels);
  auto running = Twin<S>::of(2 * channels, [](Index i) { return S(1) + static_cast<S>(i) / 16; });
  on_both([&](auto s) {
    const auto inputs = s.in(x, features, batch);
    op_batch_norm_forward(s.space, shape, s.in(running), 1e-3, s.in(weight), s.in(bias), inputs,
                          s.out(fixed, features, batch));
    op_batch_moments(s.space, shape, inputs, s.out(moments));
    op_batch_norm_forward(s.space, shape, s.in(moments), 1e-3, s.in(weight), s.in(bias), inputs,
                          s.out(y, features, batch));
    op_batch_norm_backward(s.space, shape, s.in(moments), 1e-3, s.in(weight), inputs,
                           s.in(dy, features, batch), s.out(dweight), s.out(dbias), write,
                           s.out(dx, features, batch), write);
    op_follow_moments(s.space, s.in(moments), shape.area() * batch, 0.3, s.out(running));
  });
  for (const auto* twin : {&moments, &y, &fixed, &dweight, &dbias, &dx, &running})
    CHECK(twin->distance() <= twin::tolerance);
}

TEST_CASE("CUDA: moments that are not finite leave the running ones alone", "[cuda]") {
  constexpr float inf = std::numeric_limits<float>::infinity();
  const float values[] = {1.F, inf, NAN, 2.F, 3.F, 4.F, 5.F, inf};  // four means, four variances
  auto moments = Twin<float>::of(8, [&](Index i) { return values[i]; });
  auto running = Twin<float>::of(8, [](Index i) { return static_cast<float>(i); });
  on_both([&](auto s) { op_follow_moments(s.space, s.in(moments), 10, 0.5, s.out(running)); });
  CHECK(running.distance() <= twin::tolerance);
  const auto device = running.downloaded();
  CHECK(device.view().data[0] == 0.5F);
  for (const Index i : {1, 2, 3, 5, 6, 7}) CHECK(device.view().data[i] == static_cast<float>(i));
}

TEST_CASE("CUDA: a maximum is the first NaN, or the first of equals, as the CPU's", "[cuda]") {
  const auto shape = kd::detail::window_over("test", {1, 4, 4}, 1, 2, {.stride = 2}, 1);
  const float values[] = {1,         NAN,       2, 2, NAN,       3,         2, 2,
                          -INFINITY, -INFINITY, 0, 1, -INFINITY, -INFINITY, 1, 1};
  auto x = Twin<float>::of(16, [&](Index i) { return values[i]; });
  Twin<float> y(4), dy(4, seed(1)), dx(16);
  on_both([&](auto s) {
    op_max_pool_forward(s.space, shape, s.in(x, 16, 1), s.out(y, 4, 1));
    op_max_pool_backward(s.space, shape, s.in(x, 16, 1), s.in(dy, 4, 1), s.out(dx, 16, 1),
                         Write::overwrite);
  });
  CHECK(std::isnan(y.downloaded().view().data[0]));
  CHECK(y.downloaded().view().data[2] == -INFINITY);
  CHECK(dx.is_identical());
}

TEMPLATE_TEST_CASE("CUDA: sums of two are the CPU's", "[cuda]", float, double) {
  const Index size = GENERATE(from_range(std::begin(twin::sizes), std::end(twin::sizes)));
  Twin<TestType> a(size, seed(size)), b(size, seed(size + 1)), y(size);
  on_both([&](auto s) { op_add(s.space, s.in(a), s.in(b), s.out(y)); });
  CHECK(y.is_identical());
}

TEST_CASE("CUDA: a convolution without a bias, and one whose bias nobody asks for", "[cuda]") {
  const auto shape = kd::detail::window_over("test", {3, 5, 5}, 3, 3, {.pad = 1}, 3);
  Twin<float> w(27, seed(1)), x(150, seed(2)), y(150), dw(27);
  on_both([&](auto s) {
    op_conv2d_forward(s.space, shape, s.in(w), s.in(w).slice(0, 0), s.in(x, 75, 2),
                      s.out(y, 75, 2));
    op_conv2d_backward_params(s.space, shape, s.in(x, 75, 2), s.in(y, 75, 2), s.out(dw),
                              s.out(dw).slice(0, 0), Write::overwrite);
  });
  CHECK(y.distance() <= twin::tolerance);
  CHECK(dw.distance() <= twin::tolerance);
}

TEST_CASE("CUDA: a network of images ends with the CPU's weights and statistics", "[cuda]") {
  using Net = kd::Sequential<
      kd::Image<1, 6, 6>, kd::Conv2d<4, 3, kd::Window{.pad = 1}>, kd::BatchNorm, kd::ReLU,
      kd::Residual<kd::Shortcut<kd::Conv2d<6, 1, kd::Window{.stride = 2}>>,
                   kd::DepthwiseConv2d<3, kd::Window{.stride = 2, .pad = 1}>, kd::Conv2d<6, 1>>,
      kd::AvgPool2d<2, kd::Window{.stride = 1}>, kd::MaxPool2d<2>, kd::GlobalAvgPool,
      kd::Linear<6, 3>>;
  const kd::Dataset data(kd::test::random_matrix<float>(36, 50, 3),
                         kd::test::random_labels(50, 3, 4), 3);
  kd::Network<Net> host(kd::Rng(1));
  auto device = kd::upload(host);
  const kd::Sgd sgd{{.lr = 0.05}};
  kd::fit(host, data, kd::CrossEntropy{}, sgd, {.epochs = 2, .batch_size = 16});
  kd::fit(device, data, kd::CrossEntropy{}, sgd, {.epochs = 2, .batch_size = 16});
  const auto back = kd::download(device);
  const auto expected = kd::map(host.weights());
  CHECK((kd::map(back.weights()) - expected).norm() / expected.norm() < 1e-5F);
  CHECK(kd::map(host.statistics()).cwiseAbs().maxCoeff() != 1.F);
  CHECK(kd::evaluate(device, data).accuracy == kd::evaluate(host, data).accuracy);
}
