// SPDX-License-Identifier: MIT
#include "kd/cudnn.hpp"

#include "cuda/twin.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using kd::Index;
using kd::Write;
using twin::seed;
using twin::Side;
using twin::Twin;

namespace {

const kd::cuda::Space& cudnn_space() {
  static const kd::cuda::Space space({.convolutions = kd::cuda::cudnn});
  return space;
}

/// `op` on the host, and on the device in a space that has cuDNN.
template <class Op>
void on_both(Op&& op, const kd::cuda::Space& space = cudnn_space()) {
  op(Side<kd::cpu::Space>{});
  kd::cuda::Space{}.synchronize();  // the numbers come by the stream of another space
  op(Side<kd::cuda::Space>{space});
  space.synchronize();
}

/// How many of the three convolutions cuDNN computes, which are the CPU's whoever does.
template <class S>
int check_convolution(const kd::ConvShape& conv, Index batch, Write write,
                      const kd::cuda::Space& space = cudnn_space()) {
  const Index a = conv.in.features(), b = conv.out.features(), outs = conv.out.channels;
  const Index weights = outs * conv.depth();
  Twin<S> w(weights, seed(1)), bias(outs, seed(2)), x(a * batch, seed(3)), y(b * batch),
      dy(b * batch, seed(4)), dw(weights, seed(5)), db(outs, seed(6)), dx(a * batch, seed(7)),
      plain(b * batch);
  const int before = standin::cudnn_convolutions;
  on_both(
      [&](auto s) {
        op_conv2d_forward(s.space, conv, s.in(w), s.in(bias), s.in(x, a, batch),
                          s.out(y, b, batch));
        op_conv2d_backward_params(s.space, conv, s.in(x, a, batch), s.in(dy, b, batch), s.out(dw),
                                  s.out(db), write);
        op_conv2d_backward_input(s.space, conv, s.in(w), s.in(dy, b, batch), s.out(dx, a, batch),
                                 write);
      },
      space);
  const int computed = standin::cudnn_convolutions - before;
  on_both(
      [&](auto s) {
        op_conv2d_forward(s.space, conv, s.in(w), s.in(bias).slice(0, 0), s.in(x, a, batch),
                          s.out(plain, b, batch));
      },
      space);
  for (const auto* twin : {&y, &dw, &db, &dx, &plain}) CHECK(twin->distance() <= twin::tolerance);
  return computed;
}

kd::ConvShape conv_of(const kd::Kernel& kernel, const kd::Window& window, Index groups) {
  return kd::detail::window_over("test", {4, 7, 6}, 8, kernel, window, groups);
}

}  // namespace

TEMPLATE_TEST_CASE("cuDNN: convolutions are the CPU's", "[cuda][cudnn]", float, double) {
  const Index batch = GENERATE(1, 5);
  const Index groups = GENERATE(1, 2, 4);
  const kd::Window window =
      GENERATE(kd::Window{}, kd::Window{.stride = 2, .pad = 1}, kd::Window{.pad = 2});
  const kd::Kernel kernel = GENERATE(kd::Kernel(1), kd::Kernel(3, 2), kd::Kernel(5));
  const Write write = GENERATE(Write::overwrite, Write::add);
  CHECK(check_convolution<TestType>(conv_of(kernel, window, groups), batch, write) == 3);
}

TEST_CASE("cuDNN: a border that is wider on one side is left to kd's kernels", "[cuda][cudnn]") {
  CHECK(check_convolution<float>(conv_of(3, {.stride = 2, .same = true}, 1), 3, Write::add) == 0);
  CHECK(check_convolution<float>(conv_of({2, 3}, {.same = true}, 2), 3, Write::add) == 0);
  // 7 x 7 by 3 x 3 has the same border on all sides.
  const auto even =
      kd::detail::window_over("test", {4, 7, 7}, 8, 3, {.stride = 2, .same = true}, 1);
  CHECK(check_convolution<float>(even, 3, Write::add) == 3);
}

TEST_CASE("cuDNN: only algorithms that repeat bit for bit", "[cuda][cudnn]") {
  const kd::cuda::Space space({.convolutions = kd::cuda::cudnn});
  standin::cudnn_repeats = false;
  const int computed = check_convolution<float>(conv_of(3, {}, 1), 2, Write::add, space);
  standin::cudnn_repeats = true;
  CHECK(computed == 0);
}

TEST_CASE("cuDNN: floats are in float unless TF32 is asked for", "[cuda][cudnn]") {
  const kd::cuda::Space rounded(
      {.products = kd::cuda::Products::tf32, .convolutions = kd::cuda::cudnn});
  CHECK(check_convolution<float>(conv_of(3, {}, 1), 2, Write::add) == 3);
  CHECK(standin::cudnn_math == CUDNN_FMA_MATH);
  CHECK(check_convolution<float>(conv_of(3, {}, 1), 2, Write::add, rounded) == 3);
  CHECK(standin::cudnn_math == CUDNN_DEFAULT_MATH);
}

TEST_CASE("cuDNN: a space without it does not use it, and sizes beyond 31 bits are refused",
          "[cuda][cudnn]") {
  CHECK(check_convolution<float>(conv_of(3, {}, 1), 2, Write::add, kd::cuda::Space{}) == 0);
  const Index most = Index{1} << 31;
  CHECK_THROWS_WITH(kd::cuda::detail::cudnn_size(most),
                    "cuDNN: expected sizes of up to 2147483647, got 2147483648");
}

TEST_CASE("cuDNN: a network trains to the CPU's weights", "[cuda][cudnn]") {
  using Net = kd::Sequential<
      kd::Image<1, 6, 6>, kd::Conv2d<4, 3, kd::Window{.pad = 1}>, kd::BatchNorm, kd::ReLU,
      kd::Residual<kd::Shortcut<kd::Conv2d<6, 1, kd::Window{.stride = 2}>>,
                   kd::DepthwiseConv2d<3, kd::Window{.stride = 2, .pad = 1}>, kd::Conv2d<6, 1>>,
      kd::GlobalAvgPool, kd::Linear<6, 3>>;
  const kd::Dataset data(kd::test::random_matrix<float>(36, 50, 3),
                         kd::test::random_labels(50, 3, 4), 3);
  kd::Network<Net> host(kd::Rng(1));
  kd::Network<Net, kd::cuda::Space> device(kd::Rng(1), cudnn_space());
  const kd::Sgd sgd{{.lr = 0.05}};
  const int before = standin::cudnn_convolutions;
  for (const bool capture : {false, true}) {
    kd::fit(host, data, kd::CrossEntropy{}, sgd, {.epochs = 1, .batch_size = 16});
    kd::fit(device, data, kd::CrossEntropy{}, sgd,
            {.epochs = 1, .batch_size = 16, .capture_step = capture});
  }
  CHECK(standin::cudnn_convolutions > before);
  const auto back = kd::download(device);
  const auto expected = kd::map(host.weights());
  CHECK((kd::map(back.weights()) - expected).norm() / expected.norm() < 1e-5F);
}
