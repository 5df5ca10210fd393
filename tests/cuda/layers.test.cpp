// SPDX-License-Identifier: MIT
#include "cuda/twin.hpp"
#include "support/catch.hpp"

using kd::Index;
using kd::Write;
using twin::on_both;
using twin::seed;
using twin::Twin;

namespace {

/// Calls `check(name, f)` for every function.
template <class S, class Check>
void for_each_function(Check&& check) {
  check("ReLU6", kd::activation::ReLU6{});
  check("LeakyReLU", kd::activation::LeakyReLU<S>{S(0.25)});
  check("HardSwish", kd::activation::HardSwish{});
  check("GELU", kd::activation::GELU{});
  check("SiLU", kd::activation::SiLU{});
  check("Tanh", kd::activation::Tanh{});
  check("Sigmoid", kd::activation::Sigmoid{});
}

}  // namespace

TEMPLATE_TEST_CASE("CUDA: activations are the CPU's", "[cuda]", float, double) {
  using S = TestType;
  const Index size = GENERATE(1, 31, 32, 33, 1000);
  const Index offset = GENERATE(0, 1);  // packs, or not
  const Write write = GENERATE(Write::overwrite, Write::add);
  for_each_function<S>([&](const char* name, auto f) {
    CAPTURE(name, size, offset);
    Twin<S> x(size + 1, seed(size), 8), y(size + 1), dy(size + 1, seed(size + 1)),
        dx(size + 1, seed(size + 2));
    on_both([&](auto side) {
      const auto part = [&](auto view) { return view.slice(offset, size); };
      op_activation_forward(side.space, f, part(side.in(x)), part(side.out(y)));
      op_activation_backward(side.space, f, part(side.in(x)), part(side.in(y)), part(side.in(dy)),
                             part(side.out(dx)), write);
    });
    CHECK(y.distance() <= 1e-12);  // each number by itself: no sum is taken in another order
    CHECK(dx.distance() <= 1e-12);
  });
}

TEMPLATE_TEST_CASE("CUDA: the slopes of activations at their kinks are the CPU's", "[cuda]", float,
                   double) {
  using S = TestType;
  for_each_function<S>([&](const char* name, auto f) {
    CAPTURE(name);
    Twin<S> x = Twin<S>::of(16, [](Index i) { return i == 15 ? -S(0) : static_cast<S>(i - 7); }),
            y(16), dy(16, seed(1)), dx(16);
    on_both([&](auto side) {
      op_activation_forward(side.space, f, side.in(x), side.out(y));
      op_activation_backward(side.space, f, side.in(x), side.in(y), side.in(dy), side.out(dx),
                             Write::overwrite);
    });
    CHECK(dx.distance() <= 1e-12);
  });
}

TEMPLATE_TEST_CASE("CUDA: layer normalisation is the CPU's", "[cuda]", float, double) {
  using S = TestType;
  const Index features = GENERATE(1, 4, 31, 33, 100, 1030, 9001);
  const Index batch = features > 1000 ? GENERATE(1, 3) : GENERATE(1, 7, 33);
  const Write write = GENERATE(Write::overwrite, Write::add);
  const bool wants_dx = GENERATE(false, true);
  CAPTURE(features, batch);
  Twin<S> weight(features, seed(1)), bias(features, seed(2)), x(features * batch, seed(3), 3),
      y(features * batch), unkept(features * batch), moments(2 * batch),
      dy(features * batch, seed(4)), dweight(features, seed(5)), dbias(features, seed(6)),
      dx(features * batch, seed(7));
  on_both([&](auto side) {
    using Out = decltype(side.out(y, features, batch));
    op_layer_norm_forward(side.space, side.in(weight), side.in(bias), S(1e-5),
                          side.in(x, features, batch), side.out(y, features, batch),
                          side.out(moments, 2, batch));
    op_layer_norm_forward(side.space, side.in(weight), side.in(bias), S(1e-5),
                          side.in(x, features, batch), side.out(unkept, features, batch), Out{});
    op_layer_norm_backward(side.space, side.in(weight), side.in(x, features, batch),
                           side.in(moments, 2, batch), side.in(dy, features, batch),
                           side.out(dweight), side.out(dbias), write,
                           wants_dx ? side.out(dx, features, batch) : Out{}, write);
  });
  CHECK(y.distance() <= twin::tolerance);
  CHECK(unkept.distance() <= twin::tolerance);
  CHECK(moments.distance() <= twin::tolerance);
  CHECK(dweight.distance() <= twin::tolerance);
  CHECK(dbias.distance() <= twin::tolerance);
  CHECK(dx.distance() <= twin::tolerance);
}
