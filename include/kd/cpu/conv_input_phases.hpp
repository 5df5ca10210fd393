// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "kd/core/view.hpp"
#include "kd/cpu/conv_places.hpp"
#include "kd/cpu/conv_planes.hpp"
#include "kd/cpu/put.hpp"
#include "kd/cpu/scratch.hpp"

/// The gradient of a convolution at its inputs as convolutions of the gradient at its outputs.
///
/// With a stride of s, an input element is seen only by every s-th tap: the elements of each of
/// s x s phases are the outputs of one convolution with those taps, in reverse, over maps with a
/// border of zeros.
namespace kd::cpu::conv {

template <Real S>
struct InputPhase {
  Phase down;  ///< rows of the maps, and their elements
  Phase along;
  Index size;            ///< elements of a strip, and some more so that no vector is cut
  Index depth;           ///< weights of an input channel
  const S* weight;       ///< (in, depth), along the channels each group's packed
  const Index* offsets;  ///< (depth)
  const Index* places;   ///< (count), along the channels

  Index rows() const { return down.last - down.first; }
  Index columns() const { return along.last - along.first; }
  Index count() const { return rows() * columns(); }
};

/// All phases, with the weights in the order in which they are needed; of the calling thread until
/// its next ones.
template <Real S>
class InputPhases {
 public:
  InputPhases(const ConvShape& shape, VectorView<const S> weight, Along along)
      : shape_(shape),
        above_((shape.height - 1) / shape.stride),
        before_((shape.width - 1) / shape.stride),
        rows_(above_ + (shape.top + shape.in.height - 1) / shape.stride + 1),
        pitch_(before_ + (shape.left + shape.in.width - 1) / shape.stride + 1),
        phases_(scratch<InputPhase<S>>(shape.stride * shape.stride)) {
    const bool pack = along == Along::channels;
    S* packed = scratch<S, 1>(weight.size);
    S* rows = pack ? scratch<S, 2>(weight.size) : packed;
    Index* offsets = scratch<Index>(shape.outs() * shape.taps());
    Index* places = pack ? scratch<Index, 1>(shape.in.area()) : nullptr;
    for (Index y = 0; y < shape.stride; ++y)
      for (Index x = 0; x < shape.stride; ++x) {
        const InputPhase<S> phase = phase_of(y, x, packed, offsets, places);
        if (phase.count() == 0) continue;
        phases_[size_++] = phase;
        put_offsets(phase, offsets);
        put_weights(phase, weight, rows);
        if (pack) {
          for (Index i = 0; i < shape.in.channels; i += shape.ins())
            pack_weights(rows + i * phase.depth, shape.ins(), phase.depth,
                         packed + i * phase.depth);
          places_of(phase.rows(), phase.columns(), pitch_, places);
          places += phase.count();
        }
        offsets += phase.depth;
        rows += shape.in.channels * phase.depth;
        packed += shape.in.channels * phase.depth;
      }
  }

  /// Elements of the plane of an output's map, of all planes of a group with what is read behind
  /// them, and of the longest strip.
  Index plane() const { return rows_ * pitch_; }
  Index pitch() const { return pitch_; }
  Index planes() const { return shape_.outs() * plane() + kd::detail::cache_line<float>; }
  Index strip() const { return kd::detail::whole_cache_lines<float>(plane()); }

  /// Copies the gradient at a group's output maps into their planes.
  void spread(MatrixView<const S> dy, Index sample, Index group, S* to) const {
    const Index rows = std::min(shape_.out.height, rows_ - above_);
    const Index width = std::min(shape_.out.width, pitch_ - before_);
    for (Index o = 0; o < shape_.outs(); ++o, to += plane())
      fill_plane(map_of(dy, sample, group * shape_.outs() + o, shape_.out), shape_.out.width, 1,
                 rows, width, to, above_ * pitch_ + before_, pitch_, plane());
  }

  /// Puts the strip of a phase, with rows of `pitch`, where its elements belong in the gradient at
  /// an input's map.
  void gather(const InputPhase<S>& phase, const S* from, Index pitch, S* map, Write write) const {
    const Index stride = shape_.stride;
    const Index width = phase.columns();
    if (stride == 1 && write == Write::overwrite) {  // every element of the map
      copy_rows(from, pitch, 1, map, width, phase.rows(), width);
      return;
    }
    for (Index y = phase.down.first; y < phase.down.last; ++y) {
      const S* const line = from + (y - phase.down.first) * pitch - phase.along.first;
      S* const to = map + (y * stride + phase.down.origin) * shape_.in.width + phase.along.origin;
      for (Index x = phase.along.first; x < phase.along.last; ++x)
        detail::put(line[x], to[x * stride], write);
    }
  }

  /// Calls `body(phase)` for each that has elements.
  template <class Body>
  void for_each(Body&& body) const {
    for (Index i = 0; i < size_; ++i) body(phases_[i]);
  }

 private:
  InputPhase<S> phase_of(Index y, Index x, const S* weight, const Index* offsets,
                         const Index* places) const {
    const Index stride = shape_.stride;
    const Phase down(y, stride, shape_.top, shape_.in.height, rows_);
    const Phase along(x, stride, shape_.left, shape_.in.width, pitch_);
    const auto taps = [&](Index size, Index first) { return (size - first + stride - 1) / stride; };
    const Index strip = (down.last - down.first - 1) * pitch_ + along.last - along.first;
    return {down,
            along,
            kd::detail::whole_cache_lines<float>(strip),
            shape_.outs() * taps(shape_.height, y) * taps(shape_.width, x),
            weight,
            offsets,
            places};
  }

  void put_offsets(const InputPhase<S>& phase, Index* to) const {
    for_taps(phase, [&](Index o, Index y, Index x) {
      *to++ = o * plane() + (phase.down.first - y / shape_.stride + above_) * pitch_ +
              phase.along.first - x / shape_.stride + before_;
    });
  }

  void put_weights(const InputPhase<S>& phase, VectorView<const S> weight, S* to) const {
    for (Index i = 0; i < shape_.in.channels; ++i) {
      const Index group = i / shape_.ins();
      for_taps(phase, [&](Index o, Index y, Index x) {
        *to++ = weight.data[(group * shape_.outs() + o) * shape_.depth() +
                            i % shape_.ins() * shape_.taps() + y * shape_.width + x];
      });
    }
  }

  /// Calls `body(output, y, x)` for every weight of an input channel.
  template <class Body>
  void for_taps(const InputPhase<S>& phase, Body&& body) const {
    const Index first_y = phase.down.origin + shape_.top;
    const Index first_x = phase.along.origin + shape_.left;
    for (Index o = 0; o < shape_.outs(); ++o)
      for (Index y = first_y; y < shape_.height; y += shape_.stride)
        for (Index x = first_x; x < shape_.width; x += shape_.stride) body(o, y, x);
  }

  const ConvShape& shape_;
  Index above_;   ///< rows of the border
  Index before_;  ///< columns of the border
  Index rows_;
  Index pitch_;
  InputPhase<S>* phases_;
  Index size_ = 0;
};

}  // namespace kd::cpu::conv
