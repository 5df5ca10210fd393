// SPDX-License-Identifier: MIT
#include "cuda/twin.hpp"
#include "kd/nn/conv2d.hpp"
#include "kd/nn/pool.hpp"
#include "support/catch.hpp"

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
