// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "kd/core/finite.hpp"
#include "kd/io/safetensors.hpp"
#include "kd/io/weights.hpp"

namespace kd {

struct LoadOptions {
  TensorNames names = {};        ///< what the tensors are called in the file
  bool ignore_more = false;      ///< the file may have tensors that the model has not
  bool allow_nonfinite = false;  ///< weights may be NaN or infinite
};

namespace detail {

inline std::string shape_text(const std::vector<std::uint64_t>& shape) {
  std::string all = "(";
  for (const std::uint64_t extent : shape) all += text(all.size() > 1 ? ", " : "", extent);
  return all + ')';
}

/// What PyTorch's wrappers put before every name of a model (DataParallel, compile), or nothing.
inline std::string_view wrapper_of(const Safetensors& content) {
  for (const std::string_view prefix : {"module.", "_orig_mod."}) {
    bool all = !content.tensors.empty();
    for (const auto& [name, tensor] : content.tensors)
      all = all && std::string_view(name).substr(0, prefix.size()) == prefix;
    if (all) return prefix;
  }
  return "";
}

/// Everything that does not fit, a line each; nothing where all does.
inline std::string find_misfits(const Safetensors& content, std::string_view wrapper,
                                const std::vector<TensorInfo>& tensors, bool ignore_more) {
  std::string complaints;
  std::set<std::string> wanted;
  for (const TensorInfo& tensor : tensors) {
    const std::string name = std::string(wrapper) + tensor.name;
    wanted.insert(name);
    const auto found = content.tensors.find(name);
    const auto shape = shape_of(tensor);
    if (found == content.tensors.end()) {
      complaints += text("\n  missing: ", name, ' ', shape_text(shape));
      continue;
    }
    const StoredTensor& stored = found->second;
    if (stored.shape != shape) {
      auto reversed = stored.shape;
      std::reverse(reversed.begin(), reversed.end());
      complaints += text("\n  ", name, ": expected ", shape_text(shape), ", got ",
                         shape_text(stored.shape), reversed == shape ? ": transposed?" : "");
    } else if (stored.type != NumberType::f32 && stored.type != NumberType::f64 &&
               stored.type != NumberType::f16 && stored.type != NumberType::bf16) {
      complaints +=
          text("\n  ", name, ": expected F32, F64, F16 or BF16, got ", name_of(stored.type));
    }
  }
  if (ignore_more) return complaints;
  for (const auto& [name, tensor] : content.tensors)
    if (!wanted.contains(name))
      complaints += text("\n  unexpected: ", name, ' ', shape_text(tensor.shape));
  return complaints;
}

}  // namespace detail

/// Takes weights from the content of a safetensors file; `path` is what errors say. As the other.
template <HasTensors M>
void load(M&& model, const Safetensors& content, const std::string& path,
          const LoadOptions& options = {}) {
  using Weights = detail::WeightsOf<M>;
  using S = typename Weights::Scalar;
  const std::vector<TensorInfo> tensors = options.names.of(model);
  const std::string_view wrapper = detail::wrapper_of(content);
  const std::string misfits = detail::find_misfits(content, wrapper, tensors, options.ignore_more);
  if (!misfits.empty())
    throw ShapeError(
        detail::text(path, ": does not fit the model, and nothing was loaded:", misfits));
  const auto params = model.params();
  Buffer<S, cpu::Space> host(params.size);
  for (const TensorInfo& tensor : tensors) {
    const std::string name = std::string(wrapper) + tensor.name;
    const StoredTensor& stored = content.tensors.at(name);
    S* const to = host.view().data + tensor.offset;
    detail::convert_numbers(stored.type, std::endian::little, stored.bytes.data(), stored.size(),
                            to);
    if (options.allow_nonfinite) continue;
    for (Index i = 0; i < tensor.size(); ++i)
      if (!detail::is_finite(to[i]))
        throw DataError(detail::text(path, ": element ", i, " of ", name, " is ",
                                     static_cast<double>(to[i]), ", and nothing was loaded"));
  }
  op_upload(detail::space_of(model), VectorView<const S>(host.view()), params);
}

/// Takes the weights of a safetensors file, kd's own or from PyTorch
/// (`safetensors.torch.save_file(model.state_dict(), "teacher.safetensors")`):
///
///     kd::load(teacher, "teacher.safetensors");
///
/// F32, F64, F16 and BF16 become the model's scalar. All of it fits, or nothing is loaded: throws
/// `ShapeError` with everything that is missing, unexpected or of another shape, `FormatError` when
/// the file is not as it should be, `IoError` when it cannot be read, `DataError` when a weight is
/// not finite.
template <HasTensors M>
void load(M&& model, const std::string& path, const LoadOptions& options = {}) {
  const FileContent file(path);
  load(model, parse_safetensors(file.bytes(), path), path, options);
}

}  // namespace kd
