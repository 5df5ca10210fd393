// SPDX-License-Identifier: MIT
#include "kd/graph/memory_plan.hpp"

#include "kd/core/random.hpp"
#include "support/catch.hpp"

using namespace kd;
using graph::MemoryPlan;
using graph::Step;

namespace {

/// A chain of nodes that give these sizes; negative: in place.
std::vector<Step> chain(const std::vector<Index>& sizes) {
  std::vector<Step> steps;
  for (std::size_t i = 0; i < sizes.size(); ++i)
    steps.push_back({{static_cast<Index>(i), 0}, std::abs(sizes[i]), sizes[i] < 0, false});
  return steps;
}

/// Runs the plan: every node writes its number all over what it gives, and what it takes must hold
/// what it was given.
bool keeps_what_is_needed(const std::vector<Step>& steps) {
  const MemoryPlan plan(steps);
  std::vector<Index> arena(static_cast<std::size_t>(plan.size()), 0);
  std::vector<Index> output(static_cast<std::size_t>(steps.back().size), 0);
  const auto place = [&](Index i) {
    return plan.in_arena(i) ? arena.data() + plan.offset(i) : output.data();
  };
  const auto holds = [&](Index i) {
    if (i == 0) return true;
    const Index size = steps[static_cast<std::size_t>(i - 1)].size;
    return std::all_of(place(i), place(i) + size, [&](Index number) { return number == i; });
  };
  for (Index i = 1; i <= static_cast<Index>(steps.size()); ++i) {
    const Step& step = steps[static_cast<std::size_t>(i - 1)];
    if (!holds(step.sources.first) || (step.takes_two && !holds(step.sources.second))) return false;
    if (plan.in_arena(i) && plan.offset(i) + step.size > plan.size()) return false;
    std::fill_n(place(i), step.size, i);
  }
  return plan.in_output(static_cast<Index>(steps.size()));
}

}  // namespace

TEST_CASE("a chain needs the largest two neighbours", "[graph][memory_plan]") {
  CHECK(MemoryPlan(chain({10})).size() == 0);
  CHECK(MemoryPlan(chain({20, 10})).size() == 20);
  CHECK(MemoryPlan(chain({20, 30, 10})).size() == 50);
  CHECK(MemoryPlan(chain({5, 4, 3, 5, 1})).size() == 9);  // by size alone it would be 12
  CHECK(MemoryPlan(chain({20, -20, 30, -30, 10, -10})).size() == 50);
  CHECK(MemoryPlan(chain({-10, -10})).size() == 0);  // the input is never written over
  for (const auto& sizes : {std::vector<Index>{5, 4, 3, 5, 1}, {20, -20, 30, -30, 10, -10}})
    CHECK(keeps_what_is_needed(chain(sizes)));
}

TEST_CASE("what is needed again is kept", "[graph][memory_plan]") {
  const auto residual = [](bool in_place) {
    return std::vector<Step>{{{0, 0}, 8, false, false},
                             {{1, 0}, 12, false, false},
                             {{2, 0}, 8, false, false},
                             {{3, 1}, 8, in_place, true},
                             {{4, 0}, 2, false, false}};
  };
  CHECK(MemoryPlan(residual(true)).size() == 8 + 12 + 8);
  CHECK(keeps_what_is_needed(residual(true)));
  CHECK(keeps_what_is_needed(residual(false)));
  // The shortcut is the input itself, and a sum of a tensor with itself.
  CHECK(keeps_what_is_needed({{{0, 0}, 8, false, false}, {{1, 0}, 8, true, true}}));
  CHECK(keeps_what_is_needed({{{0, 0}, 8, false, false}, {{1, 1}, 8, true, true}}));
}

TEST_CASE("any network keeps what it needs, close to the least memory", "[graph][memory_plan]") {
  Rng rng(3);
  Index least = 0;
  Index used = 0;
  for (int round = 0; round < 200; ++round) {
    std::vector<Step> steps;
    const Index count = 2 + rng.below(9);
    for (Index i = 0; i < count; ++i) {
      const bool takes_two = i > 1 && rng.below(3) == 0;
      const Index second = takes_two ? rng.below(i) : 0;
      // What is made in place is as large as what it is made of.
      const bool in_place = i > 0 && rng.below(3) == 0;
      const Index size = in_place ? steps.back().size : 1 + rng.below(20);
      steps.push_back({{i, second},
                       size,
                       in_place && (!takes_two || second == 0 ||
                                    steps[static_cast<std::size_t>(second - 1)].size == size),
                       takes_two});
    }
    CHECK(keeps_what_is_needed(steps));
    const MemoryPlan plan(steps);
    CHECK(plan.size() >= plan.lower_bound());
    least += plan.lower_bound();
    used += plan.size();
  }
  CHECK(static_cast<double>(used) < 1.01 * static_cast<double>(least));
}
