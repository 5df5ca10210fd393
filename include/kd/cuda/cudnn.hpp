// SPDX-License-Identifier: MIT
#pragma once

#if !__has_include(<cudnn.h>)
#error "kd/cudnn.hpp needs NVIDIA's cuDNN, 8 or newer: its header cudnn.h is not found"
#else

#include <cudnn.h>

#if CUDNN_MAJOR < 8
#error "kd/cudnn.hpp needs NVIDIA's cuDNN, 8 or newer: this one is older"
#endif

#include <array>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "kd/cuda/context.hpp"
#include "kd/cuda/convolutions.hpp"

namespace kd::cuda {

namespace detail {

inline void check(cudnnStatus_t status, const char* call) {
  if (status != CUDNN_STATUS_SUCCESS) throw Error(call, status, cudnnGetErrorString(status));
}

/// Something of cuDNN's that is made and destroyed.
template <class T, cudnnStatus_t (*create)(T*), cudnnStatus_t (*destroy)(T)>
class CudnnObject {
 public:
  CudnnObject() { check(create(&object_), "cudnnCreate"); }
  CudnnObject(const CudnnObject&) = delete;
  ~CudnnObject() { (void)destroy(object_); }
  operator T() const { return object_; }

 private:
  T object_{};
};

using CudnnHandle = CudnnObject<cudnnHandle_t, cudnnCreate, cudnnDestroy>;
using CudnnTensor =
    CudnnObject<cudnnTensorDescriptor_t, cudnnCreateTensorDescriptor, cudnnDestroyTensorDescriptor>;
using CudnnFilter =
    CudnnObject<cudnnFilterDescriptor_t, cudnnCreateFilterDescriptor, cudnnDestroyFilterDescriptor>;
using CudnnConvolution = CudnnObject<cudnnConvolutionDescriptor_t, cudnnCreateConvolutionDescriptor,
                                     cudnnDestroyConvolutionDescriptor>;

/// cuDNN counts in 31 bits.
inline int cudnn_size(Index size) {
  if (size > std::numeric_limits<int>::max())
    throw ShapeError(kd::detail::text("cuDNN: expected sizes of up to ",
                                      std::numeric_limits<int>::max(), ", got ", size));
  return static_cast<int>(size);
}

/// Whether the border that cuDNN puts around maps, as wide below and on the right as above and on
/// the left, gives the windows of this convolution.
inline bool has_even_border(const ConvShape& shape) {
  const auto windows = [&](Index in, Index before, Index kernel) {
    return (in + 2 * before - kernel) / shape.stride + 1;
  };
  return windows(shape.in.height, shape.top, shape.height) == shape.out.height &&
         windows(shape.in.width, shape.left, shape.width) == shape.out.width;
}

/// A call as cuDNN describes it.
struct CudnnCall {
  Convolutions::Call call;
  CudnnTensor x, y, bias;
  CudnnFilter weight;
  CudnnConvolution convolution;

  CudnnCall(const Convolutions::Call& what, Products products) : call(what) {
    const ConvShape& shape = call.shape;
    const cudnnDataType_t type = call.is_double ? CUDNN_DATA_DOUBLE : CUDNN_DATA_FLOAT;
    const auto set = [&](const CudnnTensor& tensor, Index batch, const Shape& maps) {
      check(cudnnSetTensor4dDescriptor(tensor, CUDNN_TENSOR_NCHW, type, cudnn_size(batch),
                                       cudnn_size(maps.channels), cudnn_size(maps.height),
                                       cudnn_size(maps.width)),
            "cudnnSetTensor4dDescriptor");
    };
    set(x, call.batch, shape.in);
    set(y, call.batch, shape.out);
    set(bias, 1, {shape.out.channels, 1, 1});
    check(cudnnSetFilter4dDescriptor(weight, type, CUDNN_TENSOR_NCHW,
                                     cudnn_size(shape.out.channels), cudnn_size(shape.ins()),
                                     cudnn_size(shape.height), cudnn_size(shape.width)),
          "cudnnSetFilter4dDescriptor");
    const int stride = cudnn_size(shape.stride);
    check(
        cudnnSetConvolution2dDescriptor(convolution, cudnn_size(shape.top), cudnn_size(shape.left),
                                        stride, stride, 1, 1, CUDNN_CROSS_CORRELATION, type),
        "cudnnSetConvolution2dDescriptor");
    check(cudnnSetConvolutionGroupCount(convolution, cudnn_size(shape.groups)),
          "cudnnSetConvolutionGroupCount");
    // The default rounds the factors of floats to TF32 where it can.
    const bool exact = !call.is_double && products == Products::float32;
    check(cudnnSetConvolutionMathType(convolution, exact ? CUDNN_FMA_MATH : CUDNN_DEFAULT_MATH),
          "cudnnSetConvolutionMathType");
  }
};

/// How a call is computed: an algorithm for each direction, chosen when it is first needed; none
/// where there is no suitable one.
struct CudnnPlan : CudnnCall {
  using CudnnCall::CudnnCall;
  std::optional<std::optional<cudnnConvolutionFwdAlgo_t>> forward = {};
  std::optional<std::optional<cudnnConvolutionBwdDataAlgo_t>> backward_input = {};
  std::optional<std::optional<cudnnConvolutionBwdFilterAlgo_t>> backward_weight = {};
};

/// Convolutions by cuDNN. Of its algorithms those that give the same bits every time, within room
/// that is there from the start, so that no step asks for memory.
class Cudnn : public Convolutions {
 public:
  Cudnn(const SpaceOptions& options, cudaStream_t stream) : products_(options.products) {
    check(cudnnSetStream(handle_, stream), "cudnnSetStream");
  }

  bool forward(const Call& call, const void* weight, const void* bias, const void* x,
               void* y) override {
    CudnnPlan* const plan = find(call);
    if (plan == nullptr) return false;
    if (!plan->forward)
      plan->forward = choose<cudnnConvolutionFwdAlgoPerf_t>(
          "cudnnGetConvolutionForwardAlgorithm_v7", [&](int most, int* count, auto* found) {
            return cudnnGetConvolutionForwardAlgorithm_v7(
                handle_, plan->x, plan->weight, plan->convolution, plan->y, most, count, found);
          });
    if (!*plan->forward) return false;
    check(cudnnConvolutionForward(handle_, factor(call, 1), plan->x, x, plan->weight, weight,
                                  plan->convolution, **plan->forward, room_.data, room_bytes,
                                  factor(call, 0), plan->y, y),
          "cudnnConvolutionForward");
    if (bias != nullptr)
      check(cudnnAddTensor(handle_, factor(call, 1), plan->bias, bias, factor(call, 1), plan->y, y),
            "cudnnAddTensor");
    return true;
  }

  bool backward_weight(const Call& call, const void* x, const void* dy, void* dweight,
                       Write write) override {
    CudnnPlan* const plan = find(call);
    if (plan == nullptr) return false;
    if (!plan->backward_weight)
      plan->backward_weight = choose<cudnnConvolutionBwdFilterAlgoPerf_t>(
          "cudnnGetConvolutionBackwardFilterAlgorithm_v7", [&](int most, int* count, auto* found) {
            return cudnnGetConvolutionBackwardFilterAlgorithm_v7(
                handle_, plan->x, plan->y, plan->convolution, plan->weight, most, count, found);
          });
    if (!*plan->backward_weight) return false;
    check(cudnnConvolutionBackwardFilter(handle_, factor(call, 1), plan->x, x, plan->y, dy,
                                         plan->convolution, **plan->backward_weight, room_.data,
                                         room_bytes, factor(call, write == Write::add ? 1 : 0),
                                         plan->weight, dweight),
          "cudnnConvolutionBackwardFilter");
    return true;
  }

  bool backward_input(const Call& call, const void* weight, const void* dy, void* dx,
                      Write write) override {
    CudnnPlan* const plan = find(call);
    if (plan == nullptr) return false;
    if (!plan->backward_input)
      plan->backward_input = choose<cudnnConvolutionBwdDataAlgoPerf_t>(
          "cudnnGetConvolutionBackwardDataAlgorithm_v7", [&](int most, int* count, auto* found) {
            return cudnnGetConvolutionBackwardDataAlgorithm_v7(
                handle_, plan->weight, plan->y, plan->convolution, plan->x, most, count, found);
          });
    if (!*plan->backward_input) return false;
    check(cudnnConvolutionBackwardData(handle_, factor(call, 1), plan->weight, weight, plan->y, dy,
                                       plan->convolution, **plan->backward_input, room_.data,
                                       room_bytes, factor(call, write == Write::add ? 1 : 0),
                                       plan->x, dx),
          "cudnnConvolutionBackwardData");
    return true;
  }

 private:
  static constexpr std::size_t room_bytes = std::size_t{64} << 20;

  struct Room {
    void* data = nullptr;
    Room() { check(cudaMalloc(&data, room_bytes), "cudaMalloc"); }
    Room(const Room&) = delete;
    ~Room() { (void)cudaFree(data); }
  };

  /// The plan for such calls, made at the first; null where cuDNN has no such border.
  CudnnPlan* find(const Call& call) {
    for (const auto& plan : plans_)
      if (plan->call == call) return plan.get();
    if (!has_even_border(call.shape)) return nullptr;
    plans_.push_back(std::make_unique<CudnnPlan>(call, products_));
    return plans_.back().get();
  }

  /// The best that repeats bit for bit and has enough room.
  template <class Found, class Ask>
  static std::optional<decltype(Found::algo)> choose(const char* call, Ask&& ask) {
    constexpr int most = 16;
    std::array<Found, most> all{};
    int count = 0;
    check(ask(most, &count, all.data()), call);
    std::optional<decltype(Found::algo)> best;
    for (int i = 0; i < count && !best; ++i) {
      const Found& found = all[static_cast<std::size_t>(i)];
      if (found.status == CUDNN_STATUS_SUCCESS && found.determinism == CUDNN_DETERMINISTIC &&
          found.memory <= room_bytes)
        best = found.algo;
    }
    return best;
  }

  /// A factor of the scalar that cuDNN expects for these tensors.
  static const void* factor(const Call& call, int value) {
    static constexpr std::array<float, 2> floats{0, 1};
    static constexpr std::array<double, 2> doubles{0, 1};
    const auto at = static_cast<std::size_t>(value);
    if (call.is_double) return &doubles[at];
    return &floats[at];
  }

  Products products_;
  CudnnHandle handle_;
  Room room_;
  std::vector<std::unique_ptr<CudnnPlan>> plans_;
};

}  // namespace detail

/// Convolutions of a space by NVIDIA's cuDNN: `kd::cuda::Space({.convolutions = kd::cuda::cudnn})`.
///
/// Its own kernels remain for what cuDNN has no window for, a border that is wider on one side
/// (TensorFlow's SAME), and where none of its algorithms repeats bit for bit. `Products::float32`
/// is in float; others are in TF32, for cuDNN does not round floats to bfloat16. Throws
/// `cuda::Error` when cuDNN refuses.
inline std::unique_ptr<Convolutions> cudnn(const SpaceOptions& options, cudaStream_t stream) {
  return std::make_unique<detail::Cudnn>(options, stream);
}

}  // namespace kd::cuda

#endif
