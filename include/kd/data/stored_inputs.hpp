// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <utility>

#include "kd/core/matrix.hpp"
#include "kd/data/held.hpp"

namespace kd::detail {

/// Inputs of samples, (features, samples), as they are stored: floats, or bytes that are multiplied
/// by a scale.
class StoredInputs {
 public:
  using Floats = Held<MatrixView<const float>>;
  using Bytes = Held<MatrixView<const std::uint8_t>>;

  static constexpr float byte_scale = 1.F / 255;

  explicit StoredInputs(Floats inputs) : floats_(std::move(inputs)) {}
  explicit StoredInputs(Bytes inputs) : bytes_(std::move(inputs)) {}

  /// Calls `f(inputs, scale)` with a view of what there is.
  template <class F>
  decltype(auto) visit(F&& f) const {
    if (are_bytes()) return f(bytes_.view, byte_scale);
    return f(floats_.view, 1.F);
  }

  Index features() const { return are_bytes() ? bytes_.view.rows : floats_.view.rows; }
  Index samples() const { return are_bytes() ? bytes_.view.cols : floats_.view.cols; }

  /// Samples `first` to `first + count - 1`, where they are.
  StoredInputs slice(Index first, Index count) const {
    StoredInputs part = *this;
    if (are_bytes())
      part.bytes_.view = bytes_.view.middle_cols(first, count);
    else
      part.floats_.view = floats_.view.middle_cols(first, count);
    return part;
  }

  /// A copy of some samples, in the order in which they are named.
  StoredInputs select(std::span<const Index> samples) const {
    if (are_bytes()) return StoredInputs(hold_columns(bytes_.view, samples));
    return StoredInputs(hold_columns(floats_.view, samples));
  }

  /// All as floats, a copy.
  Matrix<float> to_floats() const {
    Matrix<float> all(features(), samples());
    visit([&](const auto& stored, float scale) {
      for (Index i = 0; i < stored.size(); ++i)
        all.data()[i] = static_cast<float>(stored.data[i]) * scale;
    });
    return all;
  }

 private:
  bool are_bytes() const { return !bytes_.view.empty(); }

  Floats floats_;  ///< of these two one is empty
  Bytes bytes_;
};

}  // namespace kd::detail
