// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "kd/core/fingerprint_of.hpp"
#include "kd/core/named_options.hpp"
#include "kd/nn/network.hpp"
#include "kd/teachers/teacher.hpp"

namespace kd {

/// Whether a teacher runs as it predicts, dropout off, or as it was trained, dropout on. Inference
/// is what a network does that teaches by itself.
enum class TeacherMode { inference, training };

/// A network as a teacher in a mode of the caller's choice:
/// `NetworkTeacher teacher(network, TeacherMode::training)`.
///
/// In training mode it draws new dropout masks in every step, the same ones in every run. The
/// network is not copied and must outlive the teacher; its hidden layers can be tapped.
template <class N>
class NetworkTeacher {
 public:
  using Scalar = typename N::Scalar;
  using Space = typename N::Space;
  using Architecture = typename N::Architecture;
  static constexpr Index static_classes = N::static_classes;

  struct Workspace : Tape<Scalar, Space> {
    std::uint64_t step = 0;  ///< batches so far
    void go_on_at(std::uint64_t batches) { step = batches; }
  };

  NetworkTeacher(const N& network, TeacherMode mode, std::uint64_t seed = 0)
      : network_(network), mode_(mode), seed_(seed), rng_(seed) {}
  NetworkTeacher(const N&& network, TeacherMode mode, std::uint64_t seed = 0)
      : NetworkTeacher(network, mode, seed) {
    static_assert(detail::never<N>, "a temporary network would be gone before it teaches");
  }

  const Architecture& architecture() const { return network_.architecture(); }
  const Space& space() const { return network_.space(); }
  Index in_features() const { return network_.in_features(); }
  Index num_classes() const { return network_.num_classes(); }

  bool refers_to(const void* network) const { return network == &network_; }
  std::optional<std::uint64_t> fingerprint() const {
    const std::uint64_t drawn = mode_ == TeacherMode::training ? seed_ + 1 : 0;
    return detail::fingerprint_of(space(), network_.weights(), drawn);
  }

  Workspace make_workspace(Index capacity) const {
    return {network_.make_workspace(capacity, tape_mode())};
  }

  MatrixView<const Scalar, Space> logits(const Batch<Scalar, Space>& batch,
                                         Workspace& workspace) const {
    if (workspace.mode() != tape_mode())
      throw ConfigError("NetworkTeacher: the workspace was made by a teacher in the other mode");
    return network_.forward(batch.inputs, workspace, rng_.stream(workspace.step++));
  }

 private:
  Mode tape_mode() const {
    return mode_ == TeacherMode::training ? Mode::training : Mode::inference;
  }

  const N& network_;
  TeacherMode mode_;
  std::uint64_t seed_;
  Rng rng_;
};

}  // namespace kd
