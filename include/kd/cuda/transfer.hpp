// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/space.hpp"
#include "kd/nn/network.hpp"

namespace kd {

/// A copy of a network on a device, to be trained or to predict there.
/// Throws `cuda::Error` when there is no device or no memory.
template <class Architecture, Real S>
Network<Architecture, cuda::Space, S> upload(const Network<Architecture, cpu::Space, S>& network,
                                             const cuda::Space& space = {}) {
  Network<Architecture, cuda::Space, S> copy(network.architecture(), Rng(), space);
  op_upload(space, network.weights(), copy.weights());
  return copy;
}

/// A copy of a device's network in the host's memory, where it predicts, is saved and exported.
/// Waits for the device. Throws `cuda::Error` with what went wrong there.
template <class Architecture, Real S>
Network<Architecture, cpu::Space, S> download(
    const Network<Architecture, cuda::Space, S>& network) {
  Network<Architecture, cpu::Space, S> copy(network.architecture(), Rng());
  op_download(network.space(), network.weights(), copy.weights());
  return copy;
}

}  // namespace kd
