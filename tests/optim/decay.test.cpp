// SPDX-License-Identifier: MIT
//
// Weight decay that leaves biases alone.
#include "kd/optim/decay.hpp"

#include <limits>
#include <vector>

#include "kd/distill.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;

namespace {

using Net = Network<Sequential<Linear<6, 8>, ReLU, Linear<8, 3>>>;

const Dataset data{test::random_matrix<float>(6, 20, 1), test::random_labels(20, 3, 2), 3};

const std::vector<TensorInfo> tensors{
    {"layer 1 weight", 2, 3, 0}, {"layer 1 bias", 2, 1, 6}, {"scale", 1, 3, 8}};

Vector<float> weights(Net& network) { return map(network.params()); }

/// The parameters after one step: `all` of them decayed, none did, and what is asked about.
struct Runs {
  Vector<float> all, none, some;

  /// Whether those tensors decayed that are no biases.
  void check(const std::vector<TensorInfo>& of) const {
    for (const TensorInfo& tensor : of) {
      const bool bias = tensor.name.ends_with("bias") || tensor.is_scale;
      const auto part = [&](const Vector<float>& x) {
        return x.segment(tensor.offset, tensor.size());
      };
      CHECK(part(some) == part(bias ? none : all));
      CHECK(part(all) != part(none));
    }
  }
};

/// What `run(optimizer)` gives for each of the three.
template <class O, class Options, class Run>
Runs each(Options options, const Run& run) {
  Runs runs;
  options.weight_decay = 0.5;
  runs.all = run(O(options));
  options.decay_biases = false;
  runs.some = run(O(options));
  options.weight_decay = 0;
  runs.none = run(O(options));
  return runs;
}

}  // namespace

TEST_CASE("weight decay leaves biases alone when it is told to", "[optim][decay]") {
  const auto run = [](const auto& optimizer) {
    Net network(Rng(1));
    fit(network, data, CrossEntropy{}, optimizer, {});
    return weights(network);
  };
  const auto of = Net(Rng(1)).tensors();
  each<Adam>(AdamOptions{}, run).check(of);
  each<Sgd>(SgdOptions{}, run).check(of);
  each<Sgd>(SgdOptions{.momentum = 0.9, .nesterov = true}, run).check(of);
}

TEST_CASE("scales of a normalisation are left alone with the biases", "[optim][decay]") {
  using Scaled = Network<Sequential<Linear<6, 8>, LayerNorm<8>, ReLU, Linear<8, 3>>>;
  const auto run = [](const auto& optimizer) {
    Scaled network(Rng(1));
    network.layer<2>().bias().setConstant(0.5F);  // what is zero would not decay
    fit(network, data, CrossEntropy{}, optimizer, {});
    return Vector<float>(map(network.params()));
  };
  const auto of = Scaled(Rng(1)).tensors();
  each<Adam>(AdamOptions{}, run).check(of);
  each<Sgd>(SgdOptions{.momentum = 0.9}, run).check(of);
}

TEST_CASE("the biases of methods and peers are left alone, too", "[optim][decay]") {
  const Net teacher(Rng(2));
  const auto distil = [&](const Adam& adam) {
    Net student(Rng(1));
    Distiller distiller(teacher, student, HardLabels{}, Hint<2, 2>{});
    distiller.fit(data, adam);
    return Vector<float>(map(distiller.state<1>().params()));
  };
  each<Adam>(AdamOptions{}, distil).check(Linear<8, 8>().tensors());
  const auto learn = [&](const Adam& adam) {
    Net one(Rng(1));
    Net other(Rng(2));
    MutualLearning({}, one, other).fit(data, adam);
    return weights(other);
  };
  each<Adam>(AdamOptions{}, learn).check(teacher.tensors());
}

TEST_CASE("parts are those of the tensors", "[optim][decay]") {
  const auto parts = detail::parts_without_bias(tensors);
  REQUIRE(parts.size() == 3);
  CHECK(parts[1].first == 6);
  CHECK(parts[1].size == 2);
  CHECK(parts[0].decays);
  CHECK_FALSE(parts[1].decays);
  CHECK(parts[2].decays);
  CHECK(detail::parts_without_bias(std::vector<TensorInfo>{{"weight", 2, 2, 0}}).empty());

  // Nobody needs parts where nothing decays, or all of it does.
  const auto count = [](const auto& optimizer) {
    auto state = optimizer.template make_state<float>(11, cpu::Space());
    optimizer.describe(state, tensors);
    return state.parts.size();
  };
  CHECK(count(Adam{{.weight_decay = 0.1, .decay_biases = false}}) == 3);
  CHECK(count(Adam{{.weight_decay = 0.1}}) == 0);
  CHECK(count(Adam{{.decay_biases = false}}) == 0);
  CHECK(count(Sgd{{.weight_decay = 0.1, .decay_biases = false}}) == 3);
  CHECK(count(Sgd{{.weight_decay = 0.1}}) == 0);
}

TEST_CASE("a look ahead tells the place in any part", "[optim][decay]") {
  const auto find = [](const auto& optimizer, Index bad) {
    const cpu::Space space;
    auto state = optimizer.template make_state<float>(11, space);
    optimizer.describe(state, tensors);
    Vector<float> p = Vector<float>::Ones(11);
    Vector<float> g = Vector<float>::Ones(11);
    g(bad) = std::numeric_limits<float>::infinity();
    std::int32_t guard = 0;
    std::int32_t careful = 1;
    unsigned long long where = Lookout<>::nowhere;
    optimizer.look_ahead(space, state, view(p), VectorView<const float>(view(g)), 1.,
                         Lookout<>{{&guard, 1}, {&careful, 1}, {&where, 1}, 100});
    return where;
  };
  for (const Index bad : {0, 5, 6, 7, 8, 10}) {
    const auto place = static_cast<unsigned long long>(100 + bad);
    CHECK(find(Adam{{.weight_decay = 0.1, .decay_biases = false}}, bad) == place);
    CHECK(find(Sgd{{.weight_decay = 0.1, .decay_biases = false}}, bad) == place);
    CHECK(find(Sgd{{.momentum = 0.5, .weight_decay = 0.1, .decay_biases = false}}, bad) == place);
  }
}

TEST_CASE("the bound of what does not decay does not shrink", "[optim][decay]") {
  const auto bound = [](bool decay_biases) {
    const Adam adam{{.lr = 1e-10, .weight_decay = 1e9, .decay_biases = decay_biases}};
    auto state = adam.make_state<float>(11, cpu::Space());
    adam.describe(state, tensors);
    for (int i = 0; i < 20; ++i) adam.is_safe(state, 1.);
    return state.bound.params;
  };
  CHECK(bound(true) < 0.5 * bound(false));
  CHECK(bound(false) >= detail::ordinary);
}

TEST_CASE("steps in parts allocate nothing", "[optim][decay]") {
  if (!test::counts_allocations()) return;
  Net network(Rng(1));
  std::vector<Index> counts;
  counts.reserve(10);
  fit(network, data, CrossEntropy{}, Adam{{.weight_decay = 0.1, .decay_biases = false}},
      {.batch_size = 5,
       .on_step = [&](const StepReport&) { counts.push_back(test::allocations()); }});
  REQUIRE(counts.size() == 4);
  for (std::size_t i = 1; i < 4; ++i) CHECK(counts[i] == counts[i - 1]);
}
