// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include "kd/core/types.hpp"
#include "kd/nn/nested.hpp"

namespace kd::graph {

/// What a plan asks about one node: what it takes, how many numbers it gives, and whether it may
/// write them over what it takes.
struct Step {
  kd::detail::Sources sources;
  Index size;
  bool in_place;
  bool takes_two;
};

/// Where tensors lie while a network runs: in one block, the arena, which is as small as the
/// tensors that are needed at the same time allow.
///
/// The network's input is the caller's and never written over; the output goes to the caller's
/// memory. What is taken for the last time may be written over where the node can.
class MemoryPlan {
 public:
  explicit MemoryPlan(const std::vector<Step>& steps) {
    buffer_of_.assign(steps.size() + 1, outside);
    share(steps);
    place();
  }

  /// Numbers in the arena.
  Index size() const { return size_; }
  /// The least that any plan needs: what is alive at once, at most.
  Index lower_bound() const { return lower_bound_; }
  /// Whether tensor i lies in the arena; the others are the caller's.
  bool in_arena(Index i) const { return buffer_of(i) != outside && !buffer(i).is_output; }
  /// Whether it lies where the network's output goes, which it becomes.
  bool in_output(Index i) const { return buffer_of(i) != outside && buffer(i).is_output; }
  Index offset(Index i) const { return buffer(i).offset; }

 private:
  static constexpr std::size_t outside = static_cast<std::size_t>(-1);
  /// Tensors that lie in one place, one after the other.
  struct Buffer {
    Index size;
    Index first;  ///< the node that writes it first
    Index last;   ///< the last that needs it
    bool is_output = false;
    Index offset = 0;

    bool meets(const Buffer& other) const {
      return !is_output && !other.is_output && first <= other.last && other.first <= last;
    }
    Index end() const { return offset + size; }
  };

  std::size_t buffer_of(Index i) const { return buffer_of_[static_cast<std::size_t>(i)]; }
  const Buffer& buffer(Index i) const { return buffers_[buffer_of(i)]; }

  /// Gives every tensor a buffer, the one of what it is made of where that can be.
  void share(const std::vector<Step>& steps) {
    const auto count = static_cast<Index>(steps.size());
    std::vector<Index> last_use(steps.size() + 1, 0);
    for (Index i = 1; i <= count; ++i) {
      const Step& step = steps[static_cast<std::size_t>(i - 1)];
      last_use[static_cast<std::size_t>(step.sources.first)] = i;
      if (step.takes_two) last_use[static_cast<std::size_t>(step.sources.second)] = i;
    }
    for (Index i = 1; i <= count; ++i) {
      const Step& step = steps[static_cast<std::size_t>(i - 1)];
      const Index last = std::max(i, last_use[static_cast<std::size_t>(i)]);
      std::size_t& mine = buffer_of_[static_cast<std::size_t>(i)];
      for (const Index source : {step.sources.first, step.takes_two ? step.sources.second : 0}) {
        if (mine != outside || !step.in_place || source == 0) continue;
        if (last_use[static_cast<std::size_t>(source)] != i) continue;
        mine = buffer_of(source);
        buffers_[mine].last = last;
      }
      if (mine == outside) {
        mine = buffers_.size();
        buffers_.push_back({step.size, i, last});
      }
    }
    buffers_[buffer_of(count)].is_output = true;
    for (Index i = 1; i <= count; ++i) {
      Index alive = 0;
      for (const Buffer& each : buffers_)
        if (!each.is_output && each.first <= i && i <= each.last) alive += each.size;
      lower_bound_ = std::max(lower_bound_, alive);
    }
  }

  /// Looks for places within the lower bound; where it finds none soon, large ones go first.
  void place() {
    std::vector<Buffer*> order;
    for (Buffer& each : buffers_)
      if (!each.is_output) order.push_back(&each);
    Index tries = 10000;
    if (!search(order, 0, tries)) {
      std::sort(order.begin(), order.end(), [](const Buffer* a, const Buffer* b) {
        return a->size != b->size ? a->size > b->size : a->first < b->first;
      });
      for (std::size_t k = 0; k < order.size(); ++k) order[k]->offset = first_gap(order, k);
    }
    for (const Buffer* each : order) size_ = std::max(size_, each->end());
  }

  /// Whether place `offset` of buffer k is free of those before it.
  static bool is_free(const std::vector<Buffer*>& order, std::size_t k, Index offset) {
    return std::none_of(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(k),
                        [&](const Buffer* each) {
                          return each->meets(*order[k]) && offset < each->end() &&
                                 each->offset < offset + order[k]->size;
                        });
  }

  bool search(const std::vector<Buffer*>& order, std::size_t k, Index& tries) const {
    if (k == order.size()) return true;
    Buffer& mine = *order[k];
    std::vector<Index> places{0, lower_bound_ - mine.size};
    for (std::size_t j = 0; j < k; ++j) {
      if (!order[j]->meets(mine)) continue;
      places.push_back(order[j]->end());
      places.push_back(order[j]->offset - mine.size);
    }
    for (const Index place : places) {
      if (place < 0 || place + mine.size > lower_bound_ || !is_free(order, k, place)) continue;
      if (--tries < 0) return false;
      mine.offset = place;
      if (search(order, k + 1, tries)) return true;
    }
    return false;
  }

  static Index first_gap(const std::vector<Buffer*>& order, std::size_t k) {
    Index best = 0;
    std::vector<Index> places{0};
    for (std::size_t j = 0; j < k; ++j)
      if (order[j]->meets(*order[k])) places.push_back(order[j]->end());
    std::sort(places.begin(), places.end());
    for (const Index place : places) {
      best = place;
      if (is_free(order, k, place)) break;
    }
    return best;
  }

  std::vector<std::size_t> buffer_of_;  ///< of each tensor
  std::vector<Buffer> buffers_;
  Index size_ = 0;
  Index lower_bound_ = 0;
};

}  // namespace kd::graph
