// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "kd/core/types.hpp"
#include "kd/cuda/convolutions.hpp"
#include "kd/cuda/device.hpp"
#include "kd/cuda/stream.hpp"

namespace kd::cuda {

/// How products of float matrices are computed; sums are in float always. `tf32` keeps 10 bits of
/// the factors' mantissas, `bf16` 7, and both run on tensor cores.
enum class Products { float32, tf32, bf16 };

struct SpaceOptions {
  int device = 0;
  Products products = Products::float32;
  /// Data sets of up to so many bytes are kept on the device while they are trained on; larger ones
  /// are copied batch by batch. Below zero: up to half of what is free.
  Index resident_bytes = -1;
  /// Makes what computes convolutions in place of kd's kernels: `cudnn` (kd/cudnn.hpp).
  std::unique_ptr<Convolutions> (*convolutions)(const SpaceOptions&, cudaStream_t) = nullptr;
};

namespace detail {

/// What the buffers and calculations of one space share: a stream, cuBLAS, and room for sums.
class Context {
 public:
  static constexpr int partial_sums = 1024;
  static constexpr int loose_sums = 4;

  explicit Context(const SpaceOptions& options)
      : options_((use_device(options.device), options)), has_pools_(find_pool(options.device)) {
    if (options.convolutions != nullptr)
      convolutions_ = options.convolutions(options, stream_.get());
  }
  Context(const Context&) = delete;

  /// The one that spaces share which ask for nothing else. It is never destroyed, since buffers
  /// with static lifetime may outlive any order of destruction.
  static const Context& shared() {
    static const Context* const context = new Context(SpaceOptions{});
    return *context;
  }

  const SpaceOptions& options() const { return options_; }
  cublasHandle_t blas() const { return blas_.handle; }
  /// Null: kd's own kernels.
  Convolutions* convolutions() const { return convolutions_.get(); }
  /// Room for the sums of `partial_sums` blocks, used by one kernel and the one behind it.
  double* partials() const { return reinterpret_cast<double*>(room_.data + blas_bytes); }
  /// Room for `loose_sums` totals that an op needs on its way.
  double* totals() const { return partials() + partial_sums; }

  /// The stream, with its device made the current one.
  cudaStream_t stream() const {
    check(cudaSetDevice(options_.device), "cudaSetDevice");
    return stream_.get();
  }

  void* allocate(std::size_t bytes) const {
    void* data = nullptr;
    const cudaStream_t stream = this->stream();
    const cudaError_t error =
        has_pools_ ? cudaMallocAsync(&data, bytes, stream) : cudaMalloc(&data, bytes);
    if (error == cudaErrorMemoryAllocation) {
      std::size_t free = 0;
      std::size_t total = 0;
      (void)cudaGetLastError();
      (void)cudaMemGetInfo(&free, &total);
      throw Error("cudaMalloc", error,
                  kd::detail::text(cudaGetErrorString(error), ": wanted ", bytes, " bytes, ", free,
                                   " of ", total, " are free on device ", options_.device));
    }
    check(error, "cudaMalloc");
    return data;
  }
  void release(void* data) const noexcept {
    (void)cudaSetDevice(options_.device);
    (void)(has_pools_ ? cudaFreeAsync(data, stream_.get()) : cudaFree(data));
  }

 private:
  // cuBLAS works in memory of its own, which must not be asked for while a step is recorded.
  static constexpr std::size_t blas_bytes = std::size_t{32} << 20;

  struct Room {
    char* data = nullptr;
    Room() {
      void* memory = nullptr;
      check(cudaMalloc(&memory, blas_bytes + (partial_sums + loose_sums) * sizeof(double)),
            "cudaMalloc");
      data = static_cast<char*>(memory);
    }
    Room(const Room&) = delete;
    ~Room() { (void)cudaFree(data); }
  };

  struct Blas {
    cublasHandle_t handle = nullptr;
    Blas(cudaStream_t stream, void* room) {
      check(cublasCreate(&handle), "cublasCreate");
      check(cublasSetStream(handle, stream), "cublasSetStream");
      check(cublasSetWorkspace(handle, room, blas_bytes), "cublasSetWorkspace");
    }
    Blas(const Blas&) = delete;
    ~Blas() { (void)cublasDestroy(handle); }
  };

  /// Whether the device has a pool to allocate from in the order of a stream; lets it keep what is
  /// freed for the next who asks.
  static bool find_pool(int device) {
    int pools = 0;
    check(cudaDeviceGetAttribute(&pools, cudaDevAttrMemoryPoolsSupported, device),
          "cudaDeviceGetAttribute");
    if (pools == 0) return false;
    cudaMemPool_t pool{};
    check(cudaDeviceGetDefaultMemPool(&pool, device), "cudaDeviceGetDefaultMemPool");
    unsigned long long all = ~0ULL;
    check(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &all),
          "cudaMemPoolSetAttribute");
    return true;
  }

  SpaceOptions options_;
  bool has_pools_;
  Stream stream_;
  Room room_;
  Blas blas_{stream_.get(), room_.data};
  std::unique_ptr<Convolutions> convolutions_;
};

}  // namespace detail
}  // namespace kd::cuda
