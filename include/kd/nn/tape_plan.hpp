// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "kd/core/cache_line.hpp"
#include "kd/core/error.hpp"
#include "kd/nn/layer.hpp"
#include "kd/nn/nested.hpp"

namespace kd {

/// Which hidden layers of a tape somebody looks at, beside its own network: all, unless they are
/// named. What nobody looks at makes room for others as soon as its network is done with it.
struct Taps {
  bool all = true;
  std::vector<Index> layers = {};  ///< counted from 1

  static Taps only(std::vector<Index> layers) { return {false, std::move(layers)}; }
  static Taps none() { return only({}); }

  bool has(Index layer) const {
    return all || std::find(layers.begin(), layers.end(), layer) != layers.end();
  }
};

namespace detail {

/// Something that is kept from one moment of a step to another, both included.
struct Life {
  Index size;
  Index begin;
  Index end;
  Index offset = 0;  ///< where it is put

  bool meets(const Life& other) const { return begin <= other.end && other.begin <= end; }
};

/// Gives each an offset, apart from all that it meets; returns how much room that takes. The
/// largest come first, each as low as it fits.
inline Index place(std::vector<Life>& all) {
  std::vector<Life*> order;
  for (Life& life : all) order.push_back(&life);
  // Not a stable sort, which would ask for memory of its own.
  std::sort(order.begin(), order.end(), [](const Life* a, const Life* b) {
    return a->size != b->size ? a->size > b->size : a < b;
  });
  Index total = 0;
  std::vector<const Life*> placed;  // by offset
  for (Life* life : order) {
    for (const Life* other : placed)
      if (life->meets(*other) && other->offset < life->offset + life->size)
        life->offset = std::max(life->offset, other->offset + other->size);
    placed.insert(
        std::upper_bound(placed.begin(), placed.end(), life,
                         [](const Life* a, const Life* b) { return a->offset < b->offset; }),
        life);
    total = std::max(total, life->offset + life->size);
  }
  return total;
}

/// Where a tape keeps what belongs to one layer: sizes are those of a sample, but for the batch's
/// cache; offsets are those of a block.
struct LayerRoom {
  Index width = 0;
  Index value = 0;
  Index grad = 0;
  Index cache = 0;
  Index cache_size = 0;
  Index batch_cache = 0;
  Index batch_cache_size = 0;
  Index same_as = 0;  ///< the layer whose output this one's is, as it changes nothing
  bool has_taps = true;
};

/// What a tape keeps of a batch, and where. A step's moments are the forward of each layer, the
/// losses, and the backward of each; what is kept at different ones may lie at the same place.
///
/// What a layer gave is kept for the layers behind it and for those whose backward reads it, and a
/// layer that may work in place takes over the room of its input, where that is not needed any
/// more. A gradient is kept from the backward of the last layer behind until that of its own.
template <Real S, class Space>
class TapePlan {
 public:
  template <class Architecture>
  TapePlan(const Architecture& architecture, Index capacity, Mode mode, const Taps& taps)
      : losses_(architecture.depth + 1),
        capacity_(capacity),
        mode_(mode),
        rooms_(static_cast<std::size_t>(losses_)),
        layers_(rooms_.size()) {
    note_layers(architecture, taps);
    for (Index i = 1; i < losses_; ++i) note_lives(i);
    total_ = place(lives_);
    for (const auto& [life, offset] : to_fill_) *offset = lives_[life].offset;
  }

  std::vector<LayerRoom> rooms() && { return std::move(rooms_); }
  /// Numbers in the block.
  Index size() const { return total_; }

 private:
  struct LayerNotes {
    Sources from;
    std::vector<Index> takers;  ///< the layers that take what it gives
    bool reads_input = true;    ///< its backward does
    bool reads_output = true;
    bool in_place = false;
    bool runs_with_previous = false;
    std::size_t value = 0;  ///< the life of what it gives
  };

  template <class Architecture>
  void note_layers(const Architecture& architecture, const Taps& taps) {
    room(0).width = architecture.width(0);
    Index i = 0;
    architecture.for_each([&](const auto& layer) {
      using L = std::remove_cvref_t<decltype(layer)>;
      LayerNotes& notes = at(++i);
      notes.from = architecture.sources(i);
      notes.reads_input = backward_reads_input<L>();
      notes.reads_output = backward_reads_output<L>();
      notes.in_place = WorksInPlace<L>;
      at(notes.from.first).takers.push_back(i);
      if (TakesTwo<L>) at(notes.from.second).takers.push_back(i);
      LayerRoom& own = room(i);
      own.width = architecture.width(i);
      own.cache_size = layer.cache_size(room(notes.from.first).width);
      own.batch_cache_size = batch_cache_size(layer);
      own.has_taps = taps.has(i) || i == architecture.depth;
      const bool changes_nothing = mode_ == Mode::inference && IdentityInInference<L>;
      own.same_as = changes_nothing ? room(notes.from.first).same_as : i;
    });
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      ((at(static_cast<Index>(I) + 2).runs_with_previous =
            runs_with_next<Architecture, Space, static_cast<Index>(I) + 1>() == AsOne::always),
       ...);
    }
    (std::make_index_sequence<static_cast<std::size_t>(Architecture::depth - 1)>());
  }

  void note_lives(Index i) {
    LayerRoom& own = room(i);
    if (own.same_as != i) return;
    const LayerNotes& notes = at(i);
    Index last_forward = forward(i);
    Index first_backward = backward(i);
    Index end = notes.reads_output ? backward(i) : 0;
    for (const Index taker : notes.takers) {
      last_forward = std::max(last_forward, forward(taker));
      first_backward = std::min(first_backward, backward(taker));
      if (at(taker).reads_input) end = std::max(end, backward(taker));
    }
    end = std::max(end, last_forward);
    if (mode_ == Mode::inference || own.has_taps) end = step_end();
    hold_value(i, end);
    if (mode_ == Mode::inference) return;
    hold(own.width * capacity_, own.has_taps ? losses_ : first_backward,
         own.has_taps ? step_end() : backward(i), own.grad);
    hold(own.cache_size * capacity_, forward(i), backward(i), own.cache);
    hold(own.batch_cache_size, forward(i), backward(i), own.batch_cache);
  }

  void hold_value(Index i, Index end) {
    LayerNotes& notes = at(i);
    const Index source = notes.from.first;
    if (!takes_room_of(source, i)) {
      notes.value = hold(room(i).width * capacity_, forward(i), end, room(i).value);
      return;
    }
    notes.value = at(source).value;
    lives_[notes.value].end = std::max(lives_[notes.value].end, end);
    to_fill_.push_back({notes.value, &room(i).value});
  }

  /// Whether layer i may write what it gives over what it takes. Over the inputs, which are the
  /// caller's, it may not: they have taps.
  bool takes_room_of(Index source, Index i) const {
    const LayerNotes& notes = at(i);
    return mode_ == Mode::training && notes.in_place && !notes.runs_with_previous &&
           !room(source).has_taps && at(source).takers.size() == 1 && !at(source).reads_output &&
           room(source).width == room(i).width;
  }

  std::size_t hold(Index size, Index begin, Index end, Index& offset) {
    lives_.push_back({whole_cache_lines<S>(size), begin, end});
    to_fill_.push_back({lives_.size() - 1, &offset});
    return lives_.size() - 1;
  }

  // Two layers that run as one do so at the moments of the first.
  Index forward(Index i) const { return at(i).runs_with_previous ? i - 1 : i; }
  Index backward(Index i) const { return 2 * losses_ - forward(i); }
  Index step_end() const { return 2 * losses_; }

  LayerRoom& room(Index i) { return rooms_[static_cast<std::size_t>(i)]; }
  const LayerRoom& room(Index i) const { return rooms_[static_cast<std::size_t>(i)]; }
  LayerNotes& at(Index i) { return layers_[static_cast<std::size_t>(i)]; }
  const LayerNotes& at(Index i) const { return layers_[static_cast<std::size_t>(i)]; }

  Index losses_;  ///< the moment when losses look at what the last layer gave
  Index capacity_;
  Mode mode_;
  std::vector<LayerRoom> rooms_;
  std::vector<LayerNotes> layers_;
  std::vector<Life> lives_;
  std::vector<std::pair<std::size_t, Index*>> to_fill_;
  Index total_ = 0;
};

}  // namespace detail
}  // namespace kd
