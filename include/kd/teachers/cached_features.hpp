// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "kd/core/fingerprint_of.hpp"
#include "kd/cpu/ops/copy.hpp"
#include "kd/cpu/ops/gather.hpp"
#include "kd/nn/network.hpp"
#include "kd/teachers/sample_table.hpp"

namespace kd {

/// Layers of a network by number, counted from 1.
template <Index... I>
struct Layers {};

/// A teacher that ran once and of which hidden layers were kept beside the logits, for methods that
/// look inside: `CachedFeatures teacher(network, data, Layers<6>{})`, then `Hint<6, 4>`.
///
/// It teaches exactly what the live network would, without its forward pass in every step, for as
/// many numbers a sample as the layers are wide: 1,200 features of 60,000 samples take 288 MB. A
/// tap of a layer that was not kept does not compile. The network need not outlive it. As all
/// tables of samples it refuses inputs that are augmented, unless told to
/// `accept_augmented_inputs()`.
template <class ArchitectureT, class LayersT, Real ScalarT = float, class SpaceT = cpu::Space>
class CachedFeatures;

template <class ArchitectureT, Index... Kept, Real ScalarT, class SpaceT>
class CachedFeatures<ArchitectureT, Layers<Kept...>, ScalarT, SpaceT> : public SampleTable {
  static_assert(((Kept >= 1 && Kept <= ArchitectureT::depth) && ...),
                "CachedFeatures must name layers of the teacher, counted from 1");

 public:
  using Scalar = ScalarT;
  using Space = SpaceT;
  using Architecture = ArchitectureT;
  using Workspace = Tape<Scalar, Space>;
  static constexpr Index static_classes = Architecture::static_width(Architecture::depth);
  /// Whether what layer `I` gives was kept; the last one's are the logits.
  template <Index I>
  static constexpr bool holds = ((I == Kept) || ...) || I == Architecture::depth;

  /// Runs `network` over `data` once. Throws as `evaluate` does.
  CachedFeatures(const Network<Architecture, Space, Scalar>& network, const Dataset& data,
                 Layers<Kept...>, Index batch_size = 256)
      : SampleTable("CachedFeatures", data),
        architecture_(network.architecture()),
        layout_(architecture_),
        tables_{make_table(network, data, Kept)...,
                make_table(network, data, Architecture::depth)} {
    detail::run_teacher("CachedFeatures", network, data, batch_size,
                        [&](Index first, const auto&, const Workspace& tape) {
                          for (std::size_t i = 0; i < layers.size(); ++i) {
                            const MatrixView<const Scalar, Space> given = tape.value(layers[i]);
                            detail::check_finite_samples(
                                "CachedFeatures", detail::text("outputs of layer ", layers[i]),
                                space(), given, first);
                            const MatrixView<Scalar, Space> table =
                                tables_[i].matrix(given.rows, size());
                            op_copy(space(), given.flat(),
                                    table.middle_cols(first, given.cols).flat(), Write::overwrite);
                          }
                        });
  }

  const Architecture& architecture() const { return architecture_; }
  const Space& space() const { return tables_.back().space(); }
  std::optional<std::uint64_t> fingerprint() const {
    std::uint64_t all = 0;
    for (const auto& table : tables_) all = detail::fingerprint_of(space(), table.view(), all);
    return all;
  }
  Index in_features() const { return architecture_.in_features(); }
  Index num_classes() const { return architecture_.out_features(); }

  Workspace make_workspace(Index capacity) const {
    return Workspace(architecture_, capacity, Mode::inference, space());
  }

  MatrixView<const Scalar, Space> logits(const Batch<Scalar, Space>& batch, Workspace& tape) const {
    check_indices(batch.indices);
    tape.check_made_for("CachedFeatures::logits", layout_, architecture_);
    tape.begin(batch.inputs);
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const Index layer = tape.same_as(layers[i]);
      if (layer == 0) continue;  // the inputs, which the tape has
      const MatrixView<Scalar, Space> out = tape.output(layer);
      const MatrixView<const Scalar, Space> table = tables_[i].matrix(out.rows, size());
      op_gather(space(), table, batch.indices, Scalar(1), out, first());
    }
    return tape.logits();
  }

 private:
  static constexpr std::array<Index, sizeof...(Kept) + 1> layers{Kept..., Architecture::depth};

  static Buffer<Scalar, Space> make_table(const Network<Architecture, Space, Scalar>& network,
                                          const Dataset& data, Index layer) {
    return Buffer<Scalar, Space>(network.architecture().width(layer) * data.size(),
                                 network.space());
  }

  Architecture architecture_;
  detail::Layout layout_;
  std::array<Buffer<Scalar, Space>, sizeof...(Kept) + 1> tables_;  // (width, samples) of each layer
};

template <class A, class Space, Real S, Index... Kept>
CachedFeatures(const Network<A, Space, S>&, const Dataset&, Layers<Kept...>, Index = 256)
    -> CachedFeatures<A, Layers<Kept...>, S, Space>;

}  // namespace kd
