// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <type_traits>

#include "kd/cuda.hpp"

/// The same numbers in the memory of the host and of the device, on which an op is run in both.
namespace twin {

using kd::Index;

template <class T>
class Twin {
 public:
  /// Random numbers in `(-bound, bound)`.
  Twin(Index size, kd::Rng rng, double bound = 1) : Twin(size) {
    for (Index i = 0; i < size; ++i) host_.view().data[i] = rng.symmetric(static_cast<T>(bound));
    upload();
  }
  explicit Twin(Index size) : host_(size), device_(size) {}

  /// `f(i)` for each number.
  template <class F>
  static Twin of(Index size, F&& f) {
    Twin all(size);
    for (Index i = 0; i < size; ++i) all.host_.view().data[i] = f(i);
    all.upload();
    return all;
  }

  Index size() const { return host_.size(); }
  kd::VectorView<T> host() { return host_.view(); }
  kd::VectorView<T, kd::cuda::Space> device() { return device_.view(); }

  kd::Buffer<T> downloaded() const {
    kd::Buffer<T> copy(size());
    op_download(kd::cuda::Space{}, device_.view(), copy.view());
    return copy;
  }

  /// The squared distance of the device's numbers from the host's, over the host's square sum.
  double distance() const {
    const kd::Buffer<T> device = downloaded();
    double difference = 0;
    double norm = 0;
    for (Index i = 0; i < size(); ++i) {
      const auto h = static_cast<double>(host_.view().data[i]);
      const auto d = static_cast<double>(device.view().data[i]);
      difference += (h - d) * (h - d);
      norm += h * h;
    }
    if (std::isnan(difference)) return difference;
    return difference == 0 ? 0 : difference / norm;
  }

  /// Whether both sides hold the same bits.
  bool is_identical() const {
    const kd::Buffer<T> device = downloaded();
    for (Index i = 0; i < size(); ++i)
      if (!(host_.view().data[i] == device.view().data[i])) return false;
    return true;
  }

 private:
  void upload() {
    op_upload(kd::cuda::Space{}, kd::VectorView<const T>(host_.view()), device_.view());
  }

  kd::Buffer<T> host_;
  kd::Buffer<T, kd::cuda::Space> device_;
};

/// One side of all twins. What is called `in` is read, what is called `out` is changed.
template <class Space>
struct Side {
  Space space{};

  template <class T>
  kd::VectorView<T, Space> out(Twin<T>& twin) const {
    if constexpr (std::is_same_v<Space, kd::cuda::Space>) {
      return twin.device();
    } else {
      return twin.host();
    }
  }
  template <class T>
  kd::VectorView<const T, Space> in(Twin<T>& twin) const {
    return out(twin);
  }
  template <class T>
  kd::MatrixView<T, Space> out(Twin<T>& twin, Index rows, Index cols) const {
    return {out(twin).data, rows, cols};
  }
  template <class T>
  kd::MatrixView<const T, Space> in(Twin<T>& twin, Index rows, Index cols) const {
    return {out(twin).data, rows, cols};
  }
};

/// Calls `op(side)` for the host and for the device.
template <class Op>
void on_both(Op&& op) {
  op(Side<kd::cpu::Space>{});
  op(Side<kd::cuda::Space>{});
}

/// What two ways of adding the same numbers may differ by.
inline constexpr double tolerance = 1e-7;

/// Numbers of elements or classes: around a warp, in the middle, and a language model's.
inline constexpr Index sizes[] = {1, 31, 32, 33, 1000, 50257};

inline kd::Rng seed(Index size) { return kd::Rng(static_cast<std::uint64_t>(size)); }

}  // namespace twin
