// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <optional>
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

/// Whether it is PyTorch's count of the batches that a BatchNorm has seen, which kd has no use for.
inline bool counts_batches(const std::string& name, const std::set<std::string>& wanted) {
  constexpr std::string_view counter = "num_batches_tracked";
  return name.ends_with(counter) &&
         wanted.contains(name.substr(0, name.size() - counter.size()) + "running_mean");
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
    if (!wanted.contains(name) && !counts_batches(name, wanted))
      complaints += text("\n  unexpected: ", name, ' ', shape_text(tensor.shape));
  return complaints;
}

/// The first number that is not finite as an `S`, if there is one.
template <Real S>
std::optional<std::uint64_t> find_nonfinite(const StoredTensor& stored) {
  constexpr std::uint64_t most = 2048;  // they stay in the first cache
  std::array<S, most> room;             // for what is of another type, or lies askew
  const bool is_own = std::endian::native == std::endian::little &&
                      (sizeof(S) == 4 ? NumberType::f32 : NumberType::f64) == stored.type &&
                      reinterpret_cast<std::uintptr_t>(stored.bytes.data()) % alignof(S) == 0;
  for (std::uint64_t first = 0; first < stored.size(); first += most) {
    const std::uint64_t count = std::min(most, stored.size() - first);
    const std::byte* const from = stored.bytes.data() + first * bytes_of(stored.type);
    const S* numbers = room.data();
    if (is_own)
      numbers = reinterpret_cast<const S*>(from);
    else
      convert_numbers(stored.type, std::endian::little, from, count, room.data());
    if (all_finite(numbers, static_cast<Index>(count))) continue;
    std::uint64_t i = 0;
    while (is_finite(numbers[i])) ++i;
    return first + i;
  }
  return {};
}

/// A number of a tensor.
template <Real S>
S number_of(const StoredTensor& stored, std::uint64_t i) {
  S number{};
  convert_numbers(stored.type, std::endian::little, stored.bytes.data() + i * bytes_of(stored.type),
                  1, &number);
  return number;
}

/// Calls `write(view)` with the numbers on the host that will be those of `to`, all of them.
template <Real S, class Space, class F>
void write_from_host(const Space& space, VectorView<S, Space> to, const F& write) {
  if constexpr (std::same_as<Space, cpu::Space>) {
    write(to);
  } else {
    Buffer<S, cpu::Space> host(to.size);
    write(host.view());
    op_upload(space, VectorView<const S>(host.view()), to);
  }
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
  const auto stored_as = [&](const TensorInfo& tensor) -> const StoredTensor& {
    return content.tensors.at(std::string(wrapper) + tensor.name);
  };
  for (const TensorInfo& tensor : tensors) {
    if (options.allow_nonfinite) break;
    const StoredTensor& stored = stored_as(tensor);
    if (const auto bad = detail::find_nonfinite<S>(stored))
      throw DataError(detail::text(path, ": element ", *bad, " of ", wrapper, tensor.name, " is ",
                                   static_cast<double>(detail::number_of<S>(stored, *bad)),
                                   ", and nothing was loaded"));
  }
  detail::write_from_host(
      detail::space_of(model), detail::weights_of(model), [&](VectorView<S> params) {
        for (const TensorInfo& tensor : tensors) {
          const StoredTensor& stored = stored_as(tensor);
          detail::convert_numbers(stored.type, std::endian::little, stored.bytes.data(),
                                  stored.size(), params.data + tensor.offset);
        }
      });
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
