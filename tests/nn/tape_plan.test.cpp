// SPDX-License-Identifier: MIT
#include "kd/nn/tape_plan.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "common/mlperf_tiny.hpp"
#include "kd/distill.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::random_matrix;

namespace {

/// What a step with those taps leaves: logits, then gradients, then statistics.
template <class Net>
std::vector<float> step(const Taps& taps, Index batch, Index capacity) {
  Network<Net> network(Rng(3));
  auto tape = network.make_workspace(capacity, Mode::training, taps);
  const Matrix<float> x = random_matrix<float>(network.in_features(), batch, 5);
  std::vector<float> all;
  for (int repeat = 0; repeat < 2; ++repeat) {  // the second finds what the first has left
    network.zero_grad();
    const auto logits = network.forward(view(x), tape, Rng(7));
    all.insert(all.end(), logits.data, logits.data + logits.size());
    map(tape.grad(tape.depth())) = random_matrix<float>(network.num_classes(), batch, 11);
    for (const Index layer : taps.layers) map(tape.grad(layer)).array() += 0.5F;
    network.backward(tape);
    const auto grads = network.grads();
    all.insert(all.end(), grads.data, grads.data + grads.size);
    const auto statistics = network.statistics();
    all.insert(all.end(), statistics.data, statistics.data + statistics.size);
  }
  return all;
}

template <class Net>
void check_same_bits(const std::vector<Index>& taps) {
  Taps everything{true, taps};
  for (const Index batch : {4, 3}) {
    CHECK(step<Net>(Taps::only(taps), batch, 4) == step<Net>(everything, batch, 4));
  }
}

using Mlp = Sequential<Linear<9, 7>, Dropout, ReLU, Linear<7, 6>, ReLU, Linear<6, 6>, LayerNorm<6>,
                       GELU, Linear<6, 3>>;
/// Activations in front of branches, which two layers take.
using PreActivated =
    Sequential<Image<2, 6, 6>, Conv2d<4, 3, Window{.pad = 1}>,
               Residual<BatchNorm, ReLU, Conv2d<4, 3, Window{.pad = 1}>>, BatchNorm, ReLU,
               Residual<Shortcut<ReLU, Conv2d<6, 1>>, ReLU, Conv2d<6, 3, Window{.pad = 1}>, Tanh>,
               MaxPool2d<2>, ReLU, AvgPool2d<3>, Dropout, Linear<6, 3>>;

/// What a branch takes is read again behind it, by none that takes it before.
using Skipped =
    Sequential<Linear<9, 6>, Residual<Dropout, Linear<6, 6>, LayerNorm<6>>, Linear<6, 3>>;

template <class Net>
auto plan(Mode mode, const Taps& taps) {
  return detail::TapePlan<float, cpu::Space>(Net(), 4, mode, taps);
}
template <class Net>
Index offset(Index layer, Mode mode, const Taps& taps) {
  return plan<Net>(mode, taps).rooms()[static_cast<std::size_t>(layer)].value;
}

}  // namespace

TEST_CASE("what is kept at the same time lies apart", "[nn][tape_plan]") {
  Rng rng(1);
  for (int repeat = 0; repeat < 50; ++repeat) {
    std::vector<detail::Life> all;
    for (int i = 0; i < 40; ++i) {
      const Index begin = static_cast<Index>(rng.below(30));
      all.push_back(
          {static_cast<Index>(rng.below(100)), begin, begin + static_cast<Index>(rng.below(10))});
    }
    const Index total = detail::place(all);
    Index most = 0;
    for (Index moment = 0; moment < 40; ++moment) {
      Index held_now = 0;
      for (const detail::Life& life : all)
        if (life.begin <= moment && moment <= life.end) held_now += life.size;
      most = std::max(most, held_now);
    }
    CHECK(total >= most);
    CHECK(static_cast<double>(total) <= 1.3 * static_cast<double>(most));
    for (std::size_t i = 0; i < all.size(); ++i) {
      CHECK(all[i].offset >= 0);
      CHECK(all[i].offset + all[i].size <= total);
      for (std::size_t j = 0; j < i; ++j)
        CHECK((!all[i].meets(all[j]) || all[i].size == 0 || all[j].size == 0 ||
               all[i].offset + all[i].size <= all[j].offset ||
               all[j].offset + all[j].size <= all[i].offset));
    }
  }
}

TEST_CASE("a step in little room gives the same bits", "[nn][tape_plan]") {
  check_same_bits<Mlp>({});
  check_same_bits<Mlp>({1});
  check_same_bits<Mlp>({3, 5, 8});
  check_same_bits<PreActivated>({});
  check_same_bits<PreActivated>({2, 6});
  for (Index layer = 1; layer <= PreActivated::depth; ++layer)
    check_same_bits<PreActivated>({layer});
  check_same_bits<Skipped>({});
  check_same_bits<mlperf_tiny::ResNet8>({});
  check_same_bits<mlperf_tiny::ResNet8>({8, 9});
  check_same_bits<mlperf_tiny::DsCnn>({});
}

TEST_CASE("a layer works in place where nobody needs what it takes", "[nn][tape_plan]") {
  using Net = Sequential<ReLU, Linear<7, 7>, ReLU, Linear<7, 3>>;
  const auto in_place = [](Mode mode, const Taps& taps) {
    return offset<Net>(3, mode, taps) == offset<Net>(2, mode, taps);
  };
  CHECK(in_place(Mode::training, Taps::none()));
  CHECK(in_place(Mode::training, Taps::only({1, 3, 4})));
  CHECK_FALSE(in_place(Mode::training, Taps::only({2})));
  CHECK_FALSE(in_place(Mode::inference, Taps::none()));
  // Another layer takes it, too; what comes out of the branch is taken by the sum alone.
  using Branched = Sequential<Linear<7, 7>, Residual<ReLU, Linear<7, 7>>, Linear<7, 3>>;
  const auto of = [](Index layer) { return offset<Branched>(layer, Mode::training, Taps::none()); };
  CHECK(of(2) != of(1));
  CHECK(of(4) == of(3));
}

TEST_CASE("inference has room for what layers give, if they change something", "[nn][tape_plan]") {
  using Net = Sequential<Linear<9, 7>, Dropout, LayerNorm<7>, Linear<7, 3>>;
  CHECK(plan<Net>(Mode::inference, Taps::none()).size() == 32 + 32 + 16);  // whole cache lines
}

TEST_CASE("taps can be looked at, and nothing else", "[nn][tape_plan]") {
  Network<Mlp> network(Rng(1));
  auto lean = network.make_workspace(4, Mode::training, Taps::only({2, 5}));
  auto whole = network.make_workspace(4, Mode::training);
  CHECK(lean.bytes() < whole.bytes());
  const Matrix<float> x = random_matrix<float>(9, 4, 2);
  network.forward(view(x), lean, Rng(1));
  network.forward(view(x), whole, Rng(1));
  for (const Index layer : {0, 2, 5, 9}) CHECK(map(lean.value(layer)) == map(whole.value(layer)));
  map(lean.grad(9)).setConstant(1);
  map(lean.grad(5)).setConstant(2);
  network.backward(lean);
  CHECK(map(lean.value(2)) == map(whole.value(2)));
  CHECK(map(lean.grad(9)).isConstant(1));
  const std::string what =
      "Tape: expected a layer among its taps, got 4, of which nothing is kept: a method says in "
      "`taps` where it looks, make_workspace is told";
  CHECK_THROWS_WITH(lean.value(4), what);
  CHECK_THROWS_WITH(lean.grad(4), what);
  CHECK_THROWS_WITH(lean.value(10), "Tape: expected a layer from 0 to 9, got 10");
  CHECK_THROWS_WITH(network.make_workspace(4, Mode::training, Taps::only({10})),
                    "Tape: expected a layer from 0 to 9, got 10");
}

TEST_CASE("a training step of ResNet-8 at batch 32", "[nn][tape_plan]") {
  using Net = mlperf_tiny::ResNet8;
  const Network<Net> network(Rng(1));
  constexpr Index batch = 32;
  const auto bytes = [&](const Taps& taps) {
    return network.make_workspace(batch, Mode::training, taps).bytes();
  };
  // What backward needs: the inputs of convolutions and BatchNorms and the outputs of ReLUs, each
  // once; the input of the last layer, and the logits with their gradient. The network's own input
  // is the loader's.
  constexpr Index first = 16 * 32 * 32, second = 32 * 16 * 16, third = 64 * 8 * 8;
  constexpr Index needed = 6 * first + 4 * second + 4 * third + 64 + 2 * 10;
  CHECK(needed * batch * 4 == 18'885'120);
  CHECK(bytes(Taps::none()) == 20'451'712);  // with up to three gradients of the last block
  CHECK(bytes({}) == 67'129'728);
}
