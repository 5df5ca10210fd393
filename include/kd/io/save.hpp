// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "kd/io/safetensors.hpp"
#include "kd/io/weights.hpp"
#include "kd/nn/describe.hpp"
#include "kd/version.hpp"

namespace kd {

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
  const typename Weights::View params = model.params();
  Buffer<typename Weights::Scalar, cpu::Space> host(params.size);
  op_download(detail::space_of(model), params, host.view());
  Safetensors content;
  content.metadata["format"] = "pt";
  content.metadata["kd.version"] = KD_VERSION;
  if constexpr (requires { model.architecture(); })
    content.metadata["kd.architecture"] = detail::describe(model.architecture());
  for (const TensorInfo& tensor : tensors) {
    const std::span numbers(host.view().data + tensor.offset,
                            static_cast<std::size_t>(tensor.size()));
    content.tensors[tensor.name] = {Weights::type, detail::shape_of(tensor),
                                    std::as_bytes(numbers)};
  }
  save_safetensors(content, path);
}

}  // namespace kd
