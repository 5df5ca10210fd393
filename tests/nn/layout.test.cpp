// SPDX-License-Identifier: MIT
#include "kd/nn/layout.hpp"

#include <utility>

#include "kd/nn/dropout.hpp"
#include "kd/nn/gelu.hpp"
#include "kd/nn/linear.hpp"
#include "kd/nn/network.hpp"
#include "kd/nn/relu.hpp"
#include "support/catch.hpp"

using namespace kd;

namespace {

using Narrow = Sequential<Linear<3, 4>, ReLU, Linear<4, 2>>;
using Wide = Sequential<Linear<3, 40>, ReLU, Linear<40, 2>>;
using Dropping = Sequential<Linear<3, 4>, Dropout, Linear<4, 2>>;
using Deep = Sequential<Linear<3, 4>, ReLU, Linear<4, 4>, ReLU, Linear<4, 2>>;

const Matrix<float> inputs = Matrix<float>::Constant(3, 2, 0.5F);

template <class N>
void run(const N& network, Tape<float>& tape) {
  network.forward(view(inputs), tape);
}

}  // namespace

TEST_CASE("a network refuses the workspace of another, layer by layer", "[nn][layout]") {
  Network<Narrow> narrow(Rng(1));
  Network<Wide> wide(Rng(1));
  const Network<Deep> deep(Rng(1));
  Network<Dropping> dropping(Rng(1));
  auto room = narrow.make_workspace(2, Mode::training);
  CHECK_THROWS_WITH(run(wide, room),
                    "Network::forward: expected a workspace for 3 -> 40 -> 40 -> 2 features, layer "
                    "by layer, got one for 3 -> 4 -> 4 -> 2");
  CHECK_THROWS_AS(run(deep, room), ShapeError);
  CHECK_THROWS_WITH(run(dropping, room),
                    ContainsSubstring("got one for 3 -> 4 -> 4 -> 2 with layers of other kinds"));
  // Of the same sizes, but its backward needs what another layer lets go of.
  const Network<Sequential<Linear<3, 4>, GELU, Linear<4, 2>>> smooth(Rng(1));
  CHECK_THROWS_WITH(run(smooth, room), ContainsSubstring("with layers of other kinds"));
  run(narrow, room);
  map(room.grad(3)).setOnes();
  CHECK_THROWS_AS(wide.backward(room), ShapeError);
  CHECK_THROWS_AS(dropping.backward(room), ShapeError);
  narrow.backward(room);

  // Another network of the same architecture is served, one of the same sizes too.
  run(Network<Narrow>(Rng(2)), room);
  using Sized = Sequential<Linear<>, ReLU, Linear<>>;
  run(Network<Sized>(Sized(Linear<>(3, 4), ReLU(), Linear<>(4, 2)), Rng(3)), room);
}

TEST_CASE("a workspace for inference has no gradients", "[nn][layout]") {
  Network<Narrow> network(Rng(1));
  auto room = network.make_workspace(2);
  run(network, room);
  CHECK_THROWS_WITH(network.backward(room),
                    "Network::backward: expected a workspace for Mode::training, got one for "
                    "inference");
  CHECK_THROWS_AS(room.grad(3), ConfigError);
  CHECK_THROWS_AS(room.claim_grad(3), ConfigError);
  CHECK_THROWS_WITH(room.value(4), "Tape: expected a layer from 0 to 3, got 4");
}

TEST_CASE("a network or a workspace that was moved from says so", "[nn][layout]") {
  Network<Narrow> from(Rng(1));
  auto room = from.make_workspace(2, Mode::training);
  const Matrix<float> expected = from.predict(inputs);
  Network<Narrow> to = std::move(from);
  CHECK(to.predict(inputs) == expected);
  CHECK_THROWS_WITH(from.predict(inputs),
                    "Network::make_workspace: the network was moved from and has no weights");
  CHECK_THROWS_WITH(run(from, room),
                    "Network::forward: the network was moved from and has no weights");
  CHECK_THROWS_AS(from.backward(room), ConfigError);
  const Network<Narrow> copy = from;
  CHECK_THROWS_AS(copy.make_workspace(1), ConfigError);

  from = to;  // has weights again
  CHECK(from.predict(inputs) == expected);
  Tape<float> taken = std::move(room);
  run(to, taken);
  CHECK_THROWS_WITH(run(to, room), "Network::forward: the workspace was moved from");
  CHECK_THROWS_AS(room.begin(view(inputs)), ConfigError);
  room = std::move(taken);
  run(to, room);
}
