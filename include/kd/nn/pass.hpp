// SPDX-License-Identifier: MIT
#pragma once

#include <tuple>
#include <utility>

#include "kd/nn/rounding.hpp"
#include "kd/nn/tape.hpp"

namespace kd::detail {

/// The way through the layers of a network, forward or back, with what they give in a tape.
template <class Architecture, Real S, class Space>
class Pass {
 public:
  Pass(const Architecture& architecture, const Space& space, VectorView<const S, Space> params,
       Tape<S, Space>& tape)
      : architecture_(architecture), space_(space), params_(params), tape_(tape) {}

  void forward(const Rng& rng, VectorView<const S, Space> statistics) const {
    forward_through(rng, statistics, all_layers());
  }

  /// From layer `top` to the first. Layers may follow what they saw in their `statistics`.
  void backward(Index top, VectorView<S, Space> statistics, VectorView<S, Space> grads,
                Write write_grads) const {
    backward_through(top, statistics, grads, write_grads, all_layers());
  }

 private:
  static constexpr auto all_layers() {
    return std::make_index_sequence<static_cast<std::size_t>(Architecture::depth)>();
  }

  /// When layers `I` and `I + 1`, counted from 1, are run in one pass, and whether they are now.
  template <Index I>
  static constexpr AsOne as_one = detail::runs_with_next<Architecture, Space, I>();
  template <Index I>
  bool runs_with_next() const {
    return as_one<I> == AsOne::always ||
           (as_one<I> == AsOne::in_inference && tape_.mode() == Mode::inference);
  }

  template <Index I>
  const auto& layer() const {
    return architecture_.template layer<I>();
  }
  template <Index I>
  VectorView<const S, Space> params() const {
    return params_.slice(architecture_.offset(I), layer<I>().num_params());
  }
  template <Index I, class T>
  VectorView<T, Space> statistics_of(VectorView<T, Space> all) const {
    return all.slice(architecture_.statistics_offset(I), num_statistics(layer<I>()));
  }

  /// What the second of the layers gave that layer `I` takes.
  template <Index I>
  MatrixView<const S, Space> other_value() const {
    if constexpr (TakesTwo<LayerAt<Architecture, I>>) {
      return tape_.given(Architecture::sources(I).second);
    } else {
      return {};
    }
  }

  template <std::size_t... I>
  void forward_through(const Rng& rng, VectorView<const S, Space> statistics,
                       std::index_sequence<I...>) const {
    (forward_layer<static_cast<Index>(I) + 1>(rng, statistics), ...);
  }

  template <Index I>
  void forward_layer(const Rng& rng, VectorView<const S, Space> statistics) const {
    if (runs_with_next<I - 1>() || tape_.same_as(I) != I) return;
    constexpr Sources from = Architecture::sources(I);
    const LayerForward<S, Space> forward{space_,
                                         tape_.mode(),
                                         rng.stream(static_cast<std::uint64_t>(I)),
                                         params<I>(),
                                         tape_.given(from.first),
                                         tape_.output(I),
                                         tape_.cache(I),
                                         other_value<I>(),
                                         statistics_of<I>(statistics),
                                         tape_.batch_cache(I)};
    if constexpr (as_one<I> != AsOne::never)
      if (runs_with_next<I>()) {
        layer<I>().forward_with(layer<I + 1>(), forward, tape_.output(I + 1));
        return;
      }
    if constexpr (knows_rounding<Architecture, I>()) {
      constexpr Index J = rounding_before<Architecture, I>();
      const VectorView<const S, Space> batch_cache = tape_.batch_cache(J);
      layer<I>().forward_rounded(
          layer<J>().rounding(params<J>(), statistics_of<J>(statistics), batch_cache), forward);
    } else {
      layer<I>().forward(forward);
    }
  }

  template <std::size_t... I>
  void backward_through(Index top, VectorView<S, Space> statistics, VectorView<S, Space> grads,
                        Write write_grads, std::index_sequence<I...>) const {
    (backward_layer<Architecture::depth - static_cast<Index>(I)>(top, statistics, grads,
                                                                 write_grads),
     ...);
  }

  template <Index I>
  void backward_layer(Index top, VectorView<S, Space> statistics, VectorView<S, Space> grads,
                      Write write_grads) const {
    if (I > top || runs_with_next<I - 1>()) return;
    constexpr Sources from = Architecture::sources(I);
    const bool with_next = runs_with_next<I>() && I < top;
    MatrixView<S, Space> dy{};
    Write write_dy = Write::overwrite;
    if (with_next) std::tie(dy, write_dy) = tape_.claim_grad(I);
    MatrixView<S, Space> dx{};
    Write write_dx = Write::overwrite;
    if constexpr (from.first > 0) std::tie(dx, write_dx) = tape_.claim_grad(from.first);
    MatrixView<S, Space> dother{};
    Write write_dother = Write::overwrite;
    if constexpr (from.second > 0) std::tie(dother, write_dother) = tape_.claim_grad(from.second);
    const LayerBackward<S, Space> backward{
        space_,
        params<I>(),
        tape_.given(from.first),
        tape_.given(I),
        tape_.cache(I),
        tape_.filled_grad(I),
        grads.slice(architecture_.offset(I), layer<I>().num_params()),
        write_grads,
        dx,
        write_dx,
        dother,
        write_dother,
        tape_.batch_cache(I),
        statistics_of<I>(statistics)};
    if constexpr (as_one<I> == AsOne::always) {
      if (with_next) {
        layer<I>().backward_with(layer<I + 1>(), backward, tape_.given(I + 1),
                                 MatrixView<const S, Space>(tape_.filled_grad(I + 1)), dy,
                                 write_dy);
        return;
      }
    }
    layer<I>().backward(backward);
  }

  const Architecture& architecture_;
  const Space& space_;
  VectorView<const S, Space> params_;
  Tape<S, Space>& tape_;
};

}  // namespace kd::detail
