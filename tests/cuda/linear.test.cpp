// SPDX-License-Identifier: MIT
#include "cuda/twin.hpp"
#include "support/catch.hpp"

using kd::Index;
using kd::Write;
using twin::on_both;
using twin::seed;
using twin::Twin;

TEMPLATE_TEST_CASE("CUDA: a linear layer is the CPU's, forward and backward", "[cuda]", float,
                   double) {
  using S = TestType;
  const Index in = GENERATE(1, 31, 33, 100);
  const Index out = GENERATE(1, 10, 32, 65);
  const Index batch = GENERATE(1, 7, 32, 300);
  const Write write = GENERATE(Write::overwrite, Write::add);
  const bool wants_dx = GENERATE(false, true);
  CAPTURE(in, out, batch);
  Twin<S> weight(in * out, seed(1)), bias(out, seed(2)), x(in * batch, seed(3)), y(out * batch),
      dy(out * batch, seed(4)), dweight(in * out, seed(5)), dbias(out, seed(6)),
      dx(in * batch, seed(7));
  on_both([&](auto side) {
    op_linear_forward(side.space, side.in(weight, in, out), side.in(bias), side.in(x, in, batch),
                      side.out(y, out, batch));
    auto wanted = side.out(dx, in, batch);
    if (!wants_dx) wanted = {};
    op_linear_backward(side.space, side.in(weight, in, out), side.in(x, in, batch),
                       side.in(dy, out, batch), side.out(dweight, in, out), side.out(dbias), write,
                       wanted, write);
  });
  CHECK(y.distance() <= twin::tolerance);
  CHECK(dweight.distance() <= twin::tolerance);
  CHECK(dbias.distance() <= twin::tolerance);
  CHECK(dx.distance() <= twin::tolerance);
}

TEST_CASE("CUDA: a linear layer with its ReLU is the two one after the other", "[cuda]") {
  const Index in = GENERATE(5, 33);
  const Index out = GENERATE(1, 20, 33);
  const Index batch = GENERATE(1, 9, 40);
  const Write write = GENERATE(Write::overwrite, Write::add);
  CAPTURE(in, out, batch);
  Twin<float> weight(in * out, seed(1)), bias(out, seed(2)), x(in * batch, seed(3)), y(out * batch),
      z(out * batch), dz(out * batch, seed(4)), dy(out * batch, seed(8)),
      dweight(in * out, seed(5)), dbias(out, seed(6)), dx(in * batch, seed(7));
  const twin::Side<kd::cpu::Space> host;
  op_linear_forward(host.space, host.in(weight, in, out), host.in(bias), host.in(x, in, batch),
                    host.out(y, out, batch));
  op_relu_forward(host.space, host.in(y), host.out(z));
  op_relu_backward(host.space, host.in(z), host.in(dz), host.out(dy), write);
  op_linear_backward(host.space, host.in(weight, in, out), host.in(x, in, batch),
                     host.in(dy, out, batch), host.out(dweight, in, out), host.out(dbias), write,
                     host.out(dx, in, batch), write);
  const twin::Side<kd::cuda::Space> device;
  op_linear_relu_forward(device.space, device.in(weight, in, out), device.in(bias),
                         device.in(x, in, batch), device.out(y, out, batch),
                         device.out(z, out, batch));
  op_linear_relu_backward(device.space, device.in(weight, in, out), device.in(x, in, batch),
                          device.in(z, out, batch), device.in(dz, out, batch),
                          device.out(dy, out, batch), write, device.out(dweight, in, out),
                          device.out(dbias), write, device.out(dx, in, batch), write);
  CHECK(y.distance() <= twin::tolerance);
  CHECK(z.distance() <= twin::tolerance);
  CHECK(dy.distance() <= twin::tolerance);
  CHECK(dweight.distance() <= twin::tolerance);
  CHECK(dbias.distance() <= twin::tolerance);
  CHECK(dx.distance() <= twin::tolerance);
}

TEST_CASE("CUDA: coarser products are taken when asked for, and are as good as they promise",
          "[cuda]") {
  const Index size = 64;
  Twin<float> a(size * size, seed(1)), b(size * size, seed(2)), bias(size), c(size * size);
  const twin::Side<kd::cpu::Space> host;
  op_linear_forward(host.space, host.in(a, size, size), host.in(bias), host.in(b, size, size),
                    host.out(c, size, size));
  const auto error = [&](kd::cuda::Products products) {
    const twin::Side<kd::cuda::Space> device;
    const kd::cuda::Space space(kd::cuda::SpaceOptions{.products = products});
    device.space.synchronize();
    op_linear_forward(space, device.in(a, size, size), device.in(bias), device.in(b, size, size),
                      device.out(c, size, size));
    space.synchronize();
    return std::sqrt(c.distance());
  };
  CHECK(error(kd::cuda::Products::float32) < 1e-6);
  // 10 and 7 bits of mantissa: relative errors around 2^-12 and 2^-9.
  CHECK(error(kd::cuda::Products::tf32) < 1e-3);
  CHECK(error(kd::cuda::Products::bf16) < 8e-3);
  CHECK(error(kd::cuda::Products::bf16) > 1e-4);
}
