// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "kd/io/safetensors.hpp"
#include "kd/io/weights.hpp"
#include "kd/nn/describe.hpp"
#include "kd/version.hpp"

namespace kd {

namespace detail {

/// Calls `read(view)` with these numbers on the host.
template <Real S, class Space, class F>
void read_on_host(const Space& space, VectorView<const S, Space> x, const F& read) {
  if constexpr (std::same_as<Space, cpu::Space>) {
    read(x);
  } else {
    Buffer<S, cpu::Space> host(x.size);
    op_download(space, x, host.view());
    read(VectorView<const S>(host.view()));
  }
}

}  // namespace detail

/// Writes the weights as a safetensors file, whole or not at all:
///
///     kd::save(student, "student.safetensors");
///
/// PyTorch reads it with `safetensors.torch.load_file`. Tensors have PyTorch's shapes, a weight
/// (out, in), and `names`. The metadata says which kd wrote it (`kd.version`) and, of a network,
/// the layers (`kd.architecture`). Throws `IoError` when the file cannot be written; then the old
/// one is as it was.
template <HasTensors M>
void save(M&& model, const std::string& path, const TensorNames& names = {}) {
  using Weights = detail::WeightsOf<M>;
  const std::vector<TensorInfo> tensors = names.of(model);
  Safetensors content;
  content.metadata["format"] = "pt";
  content.metadata["kd.version"] = KD_VERSION;
  if constexpr (requires { model.architecture(); })
    content.metadata["kd.architecture"] = detail::describe(model.architecture());
  const typename Weights::View params = detail::weights_of(model);
  detail::read_on_host(detail::space_of(model), params, [&](auto host) {
    for (const TensorInfo& tensor : tensors) {
      const std::span numbers(host.data + tensor.offset, static_cast<std::size_t>(tensor.size()));
      content.tensors[tensor.name] = {Weights::type, detail::shape_of(tensor),
                                      std::as_bytes(numbers)};
    }
    save_safetensors(content, path);
  });
}

}  // namespace kd
