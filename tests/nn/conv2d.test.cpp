// SPDX-License-Identifier: MIT
#include "kd/nn/conv2d.hpp"

#include <string>

#include "kd/nn/linear.hpp"
#include "kd/nn/network.hpp"
#include "kd/nn/pool.hpp"
#include "kd/nn/residual.hpp"
#include "kd/testing/check_layer.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/random_matrix.hpp"
#include "support/run_layer.hpp"
#include "support/threads.hpp"

using namespace kd;
using kd::test::golden;
using kd::test::golden_vector;
using kd::test::random_matrix;
using kd::test::relative_distance;

namespace {

constexpr Window padded{.pad = 1};
constexpr Window halving{.stride = 2, .pad = 1};

template <class L>
L bound(L layer, const Shape& in) {
  layer.bind(in);
  return layer;
}

/// Calls `f(name, layer)` with every convolution of tests/golden/make_images.py.
template <class F>
void for_each_golden(F&& f) {
  f("plain", bound(Conv2d<4, 3>(), {3, 7, 6}));
  f("padded", bound(Conv2d<8, 3, padded>(), {3, 9, 7}));
  f("stride2", bound(Conv2d<6, 3, halving, ConvOptions{.bias = false}>(), {3, 9, 8}));
  f("pointwise", bound(Conv2d<7>(), {5, 6, 4}));
  f("shortcut", bound(Conv2d<6, 1, Window{.stride = 2}>(), {4, 7, 8}));
  f("same", bound(Conv2d<4, Kernel(4, 3), Window{.stride = 2, .same = true}>(), {2, 9, 6}));
  f("same3", bound(Conv2d<4, Kernel(5, 3), Window{.stride = 3, .same = true}>(), {2, 11, 5}));
  f("groups", bound(Conv2d<6, 3, padded, ConvOptions{.groups = 3, .bias = false}>(), {6, 5, 4}));
  f("depthwise", bound(DepthwiseConv2d<3, padded>(), {6, 8, 5}));
  f("depthwise2", bound(DepthwiseConv2d<3, halving, false>(), {6, 8, 5}));
  f("padded", bound(Conv2d<>(8, 3, padded), {3, 9, 7}));
}

/// A layer of one's own, made of a convolution.
struct Doubled : Conv2d<5, 3, padded> {
  template <Real S, class Space>
  void forward(const LayerForward<S, Space>& f) const {
    Conv2d::forward(f);
    map(f.y) *= S(2);
  }
};

template <class L>
void check(const L& layer, Index batch) {
  const auto report = kd::testing::check_layer(layer, {.batch = batch});
  INFO(layer.describe() << ", " << batch << " samples: " << report.message());
  CHECK(report.passed());
}

}  // namespace

TEMPLATE_TEST_CASE("convolutions give what PyTorch gives", "[nn][conv2d]", float, double) {
  using S = TestType;
  const double tolerance = std::is_same_v<S, float> ? 1e-5 : 1e-12;
  for_each_golden([&](const std::string& name, const auto& layer) {
    CAPTURE(name);
    const auto read = [&](const char* what) {
      return Matrix<S>(golden("conv2d/" + name + "_" + what).template cast<S>());
    };
    const bool has_bias = layer.tensors().size() == 2;
    const auto both = [&](const char* weight, const char* bias) {
      Vector<S> all(layer.num_params());
      const Matrix<S> first = read(weight);
      all.head(first.size()) = first.reshaped();
      if (has_bias) all.tail(layer.out_shape().channels) = read(bias).reshaped();
      return all;
    };
    const Vector<S> params = both("weight", "bias");
    auto run = kd::test::run_forward<S>(layer, params, read("x"));
    CHECK(relative_distance(run.y, golden("conv2d/" + name + "_y"), 1) < tolerance);
    kd::test::run_backward<S>(layer, params, read("x"), read("dy"), run);
    CHECK(relative_distance(run.dx, golden("conv2d/" + name + "_dx"), 1) < tolerance);
    CHECK(relative_distance(run.dparams, both("dweight", "dbias"), 1) < tolerance);
  });
}

TEST_CASE("convolutions pass the checks of a layer", "[nn][conv2d]") {
  for (const Index batch : {1, 2, 5})
    for_each_golden([&](const std::string&, const auto& layer) { check(layer, batch); });
  // Kernels as large as the map with its border, strides that leave rows over, channels that fill
  // no tile.
  check(bound(Conv2d<3, 5, Window{.pad = 2}>(), {2, 3, 1}), 3);
  check(bound(Conv2d<3, 2, Window{.stride = 3, .pad = 2}>(), {2, 5, 4}), 3);
  check(bound(Conv2d<1, 2, Window{.stride = 4}>(), {1, 7, 3}), 3);
  check(bound(Conv2d<13, 1>(), {2, 3, 3}), 3);
  check(bound(Conv2d<9, 3, Window{.same = true}>(), {1, 1, 1}), 3);
  // Groups that fill vectors, and do not.
  check(bound(Conv2d<34, 2, Window{}, ConvOptions{.groups = 2}>(), {4, 3, 3}), 2);
}

TEST_CASE("a convolution's output does not depend on the threads, nor a sample on the others",
          "[nn][conv2d]") {
  const Index size = GENERATE(8, 24);  // alone, shared out by channels and by rows
  const auto layer = bound(Conv2d<40, 3, Window{.pad = 1}>(), {16, size, size});
  Vector<float> params(layer.num_params());
  layer.init(view(params), Rng(1));
  for (const Index batch : {1, 7}) {
    const Matrix<float> x = random_matrix<float>(layer.in_features(), batch, 2);
    const Matrix<float> dy = random_matrix<float>(layer.out_features(), batch, 3);
    const auto run_with = [&](int threads) {
      const kd::test::Threads use(threads);
      auto run = kd::test::run_forward<float>(layer, params, x);
      kd::test::run_backward<float>(layer, params, x, dy, run);
      return run;
    };
    const auto one = run_with(1);
    for (const int threads : {2, 3}) {
      const auto more = run_with(threads);
      CHECK(more.y == one.y);
      CHECK(more.dx == one.dx);
      CHECK(more.dparams == one.dparams);
    }
    const auto last = kd::test::run_forward<float>(layer, params, Matrix<float>(x.rightCols(1)));
    CHECK(last.y == one.y.rightCols(1));
  }
}

TEST_CASE("in inference a convolution writes what the ReLU behind it gives, too", "[nn][conv2d]") {
  using Architecture =
      Sequential<Image<3, 20, 18>, Conv2d<5, 3, padded>, ReLU, DepthwiseConv2d<3, halving>, ReLU,
                 Doubled, ReLU, Residual<Sequential<Conv2d<5, 3, padded>, ReLU, Conv2d<5, 1>>>,
                 ReLU, GlobalAvgPool, Linear<5, 2>>;
  const Network<Architecture> network(Rng(1));
  const Index batch = GENERATE(1, 5);
  const Matrix<float> x = random_matrix<float>(network.in_features(), batch, 2);
  auto together = network.make_workspace(batch);
  auto apart = network.make_workspace(batch, Mode::training);
  network.forward(view(x), together);
  network.forward(view(x), apart);
  for (Index i = 1; i <= Architecture::depth; ++i) {
    CAPTURE(i);
    CHECK(map(together.value(i)) == map(apart.value(i)));
  }
  auto untapped = network.make_workspace(batch, Mode::inference, Taps::none());
  CHECK(map(network.forward(view(x), untapped)) == map(apart.logits()));
}

TEST_CASE("the sizes and tensors of a convolution", "[nn][conv2d]") {
  const auto layer =
      bound(Conv2d<64, Kernel(10, 4), Window{.stride = 2, .same = true}>(), {1, 49, 10});
  CHECK(layer.out_shape() == Shape{64, 25, 5});
  CHECK(layer.num_params() == 64 * 40 + 64);
  const auto tensors = layer.tensors();
  REQUIRE(tensors.size() == 2);
  CHECK(tensors[0].name == "weight");
  CHECK(tensors[0].extents == std::vector<Index>{64, 1, 10, 4});
  CHECK(tensors[0].size() == 64 * 40);
  CHECK(tensors[1].name == "bias");
  CHECK(tensors[1].offset == 64 * 40);
  CHECK(tensors[1].is_vector);
  // PyTorch's floor((size + 2 pad - kernel) / stride) + 1.
  STATIC_REQUIRE(Conv2d<4, 3, Window{.stride = 2, .pad = 1}>::static_out_shape({3, 9, 8}) ==
                 Shape{4, 5, 4});
  STATIC_REQUIRE(Conv2d<4, 3>::static_out_shape({3, dynamic, 8}) == Shape{4, dynamic, 6});
  STATIC_REQUIRE(Conv2d<4, 3>::static_out_shape({3, 2, 8}) == detail::no_shape);
  STATIC_REQUIRE(Conv2d<4, 1, Window{}, ConvOptions{.groups = 2}>::static_out_shape({3, 2, 8}) ==
                 detail::no_shape);
}

TEST_CASE("convolutions of run time refuse what does not fit", "[nn][conv2d]") {
  CHECK_THROWS_WITH(Conv2d<>(0), "Conv2d: output channels must be at least 1, got 0");
  CHECK_THROWS_WITH(Conv2d<>(4, 3, {.stride = 0}),
                    "Conv2d: expected a kernel and a stride of at least 1 and a pad of at least 0, "
                    "which is 0 with same, got a kernel of 3 x 3, stride 0, pad 0");
  CHECK_THROWS_AS(Conv2d<>(4, 3, {.pad = 1, .same = true}), ConfigError);
  CHECK_THROWS_WITH(Conv2d<>(4, 3, {}, {.groups = 3}),
                    "Conv2d: expected groups that divide the 4 output channels, got 3");
  CHECK_THROWS_WITH(bound(Conv2d<>(4, 3, {}, {.groups = 2}), {3, 5, 5}),
                    "Conv2d: expected channels that 2 groups divide, got 3");
  CHECK_THROWS_WITH(bound(Conv2d<>(4, 3, {.pad = 1}), {3, 5, 0}),
                    "Conv2d: expected maps of at least 3 x 3 with their border of 1, got 5 x 0");
}
