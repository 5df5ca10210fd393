// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "cuda_runtime.h"

/// Stands in for cuDNN: the convolutions that kd::cuda asks for, summed in double, with the
/// refusals that the real one has for descriptors that do not fit. Its best algorithm never repeats
/// and its second best wants more memory than anybody has, so that neither may be chosen.

#define CUDNN_MAJOR 9

enum cudnnStatus_t {
  CUDNN_STATUS_SUCCESS = 0,
  CUDNN_STATUS_BAD_PARAM = 2000,
  CUDNN_STATUS_NOT_SUPPORTED = 3000
};
enum cudnnDataType_t { CUDNN_DATA_FLOAT = 0, CUDNN_DATA_DOUBLE = 1 };
enum cudnnTensorFormat_t { CUDNN_TENSOR_NCHW = 0 };
enum cudnnConvolutionMode_t { CUDNN_CONVOLUTION = 0, CUDNN_CROSS_CORRELATION = 1 };
enum cudnnMathType_t { CUDNN_DEFAULT_MATH = 0, CUDNN_FMA_MATH = 3 };
enum cudnnDeterminism_t { CUDNN_NON_DETERMINISTIC = 0, CUDNN_DETERMINISTIC = 1 };
enum cudnnConvolutionFwdAlgo_t : int { CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM = 0 };
enum cudnnConvolutionBwdDataAlgo_t : int { CUDNN_CONVOLUTION_BWD_DATA_ALGO_1 = 1 };
enum cudnnConvolutionBwdFilterAlgo_t : int { CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1 = 1 };

struct cudnnContext {
  cudaStream_t stream = nullptr;
};
using cudnnHandle_t = cudnnContext*;

/// A tensor (batch, channels, height, width), or a filter (out, in, height, width).
struct cudnnTensorStruct {
  cudnnDataType_t type = CUDNN_DATA_FLOAT;
  int n = 0, c = 0, h = 0, w = 0;
  std::size_t at(int i, int j, int y, int x) const {
    return static_cast<std::size_t>(((i * c + j) * h + y) * w + x);
  }
};
using cudnnTensorDescriptor_t = cudnnTensorStruct*;
struct cudnnFilterStruct : cudnnTensorStruct {};
using cudnnFilterDescriptor_t = cudnnFilterStruct*;

struct cudnnConvolutionStruct {
  int pad_h = 0, pad_w = 0, stride_h = 1, stride_w = 1, groups = 1;
  cudnnDataType_t type = CUDNN_DATA_FLOAT;
  cudnnMathType_t math = CUDNN_DEFAULT_MATH;
};
using cudnnConvolutionDescriptor_t = cudnnConvolutionStruct*;

namespace standin {

template <class Algo>
struct CudnnFound {
  Algo algo;
  cudnnStatus_t status;
  std::size_t memory;
  cudnnDeterminism_t determinism;
};

/// How often cuDNN has convolved; and what a test lets every algorithm be.
inline int cudnn_convolutions = 0;
inline bool cudnn_repeats = true;
/// The kind of products of the last convolution.
inline cudnnMathType_t cudnn_math = CUDNN_DEFAULT_MATH;

template <class T>
cudnnStatus_t make(T** object) {
  *object = new T();
  return CUDNN_STATUS_SUCCESS;
}
template <class T>
cudnnStatus_t destroy(T* object) {
  delete object;
  return CUDNN_STATUS_SUCCESS;
}

inline cudnnStatus_t set_sizes(cudnnTensorStruct& tensor, cudnnDataType_t type, int n, int c, int h,
                               int w) {
  if (n < 1 || c < 1 || h < 1 || w < 1) return CUDNN_STATUS_BAD_PARAM;
  tensor = {type, n, c, h, w};
  return CUDNN_STATUS_SUCCESS;
}

/// A convolution of x with w into y, or one of its gradients.
struct Convolved {
  cudnnTensorStruct x, w, y;
  cudnnConvolutionStruct how;

  bool fits() const {
    const auto windows = [](int in, int pad, int kernel, int stride) {
      return (in + 2 * pad - kernel) / stride + 1;
    };
    return x.n == y.n && w.n == y.c && w.c * how.groups == x.c && y.c % how.groups == 0 &&
           x.type == y.type && x.type == w.type && x.type == how.type &&
           windows(x.h, how.pad_h, w.h, how.stride_h) == y.h &&
           windows(x.w, how.pad_w, w.w, how.stride_w) == y.w;
  }

  /// Calls `f(index of x, index of w, index of y)` for every product of the forward.
  template <class F>
  void for_each(F&& f) const {
    const int outs = y.c / how.groups;
    for (int b = 0; b < y.n; ++b)
      for (int o = 0; o < y.c; ++o)
        for (int row = 0; row < y.h; ++row)
          for (int col = 0; col < y.w; ++col)
            for (int i = 0; i < w.c; ++i)
              for (int u = 0; u < w.h; ++u)
                for (int v = 0; v < w.w; ++v) {
                  const int in_row = row * how.stride_h - how.pad_h + u;
                  const int in_col = col * how.stride_w - how.pad_w + v;
                  if (in_row < 0 || in_row >= x.h || in_col < 0 || in_col >= x.w) continue;
                  f(x.at(b, o / outs * w.c + i, in_row, in_col), w.at(o, i, u, v),
                    y.at(b, o, row, col));
                }
  }

  /// `target = alpha * sums + beta * target`, where `add(sums, a, b)` adds the products.
  template <class S, class Add>
  void compute(const cudnnTensorStruct& of, S alpha, S beta, S* target, Add&& add) const {
    std::vector<double> sums(of.at(of.n, 0, 0, 0), 0.0);
    add(sums);
    for (std::size_t i = 0; i < sums.size(); ++i) {
      const double kept = beta == S(0) ? 0 : static_cast<double>(beta) * target[i];
      target[i] = static_cast<S>(static_cast<double>(alpha) * sums[i] + kept);
    }
  }
};

/// Enqueues `work(S{})` of the descriptors' scalar, if they fit.
template <class Work>
cudnnStatus_t convolve(cudnnHandle_t handle, const Convolved& shape, Work work) {
  if (!shape.fits()) return CUDNN_STATUS_BAD_PARAM;
  ++cudnn_convolutions;
  cudnn_math = shape.how.math;
  if (shape.how.type == CUDNN_DATA_DOUBLE)
    device().enqueue(handle->stream, [work] { work(double{}); });
  else
    device().enqueue(handle->stream, [work] { work(float{}); });
  return CUDNN_STATUS_SUCCESS;
}

template <class Algo>
cudnnStatus_t find(const Convolved& shape, Algo algo, int most, int* count,
                   CudnnFound<Algo>* found) {
  if (!shape.fits() || most < 3) return CUDNN_STATUS_BAD_PARAM;
  const auto wrong = static_cast<Algo>(-1);
  found[0] = {wrong, CUDNN_STATUS_SUCCESS, 0, CUDNN_NON_DETERMINISTIC};
  found[1] = {wrong, CUDNN_STATUS_SUCCESS, std::size_t{1} << 40, CUDNN_DETERMINISTIC};
  found[2] = {algo, CUDNN_STATUS_SUCCESS, std::size_t{1} << 20,
              cudnn_repeats ? CUDNN_DETERMINISTIC : CUDNN_NON_DETERMINISTIC};
  *count = 3;
  return CUDNN_STATUS_SUCCESS;
}

}  // namespace standin

using cudnnConvolutionFwdAlgoPerf_t = standin::CudnnFound<cudnnConvolutionFwdAlgo_t>;
using cudnnConvolutionBwdDataAlgoPerf_t = standin::CudnnFound<cudnnConvolutionBwdDataAlgo_t>;
using cudnnConvolutionBwdFilterAlgoPerf_t = standin::CudnnFound<cudnnConvolutionBwdFilterAlgo_t>;

inline const char* cudnnGetErrorString(cudnnStatus_t status) {
  return status == CUDNN_STATUS_SUCCESS ? "CUDNN_STATUS_SUCCESS" : "CUDNN_STATUS_BAD_PARAM";
}
inline cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) { return standin::make(handle); }
inline cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) { return standin::destroy(handle); }
inline cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) {
  handle->stream = stream;
  return CUDNN_STATUS_SUCCESS;
}
inline cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t* tensor) {
  return standin::make(tensor);
}
inline cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t tensor) {
  return standin::destroy(tensor);
}
inline cudnnStatus_t cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t* filter) {
  return standin::make(filter);
}
inline cudnnStatus_t cudnnDestroyFilterDescriptor(cudnnFilterDescriptor_t filter) {
  return standin::destroy(filter);
}
inline cudnnStatus_t cudnnCreateConvolutionDescriptor(cudnnConvolutionDescriptor_t* convolution) {
  return standin::make(convolution);
}
inline cudnnStatus_t cudnnDestroyConvolutionDescriptor(cudnnConvolutionDescriptor_t convolution) {
  return standin::destroy(convolution);
}
inline cudnnStatus_t cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t tensor, cudnnTensorFormat_t,
                                                cudnnDataType_t type, int n, int c, int h, int w) {
  return standin::set_sizes(*tensor, type, n, c, h, w);
}
inline cudnnStatus_t cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t filter,
                                                cudnnDataType_t type, cudnnTensorFormat_t, int k,
                                                int c, int h, int w) {
  return standin::set_sizes(*filter, type, k, c, h, w);
}
inline cudnnStatus_t cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t convolution,
                                                     int pad_h, int pad_w, int stride_h,
                                                     int stride_w, int dilation_h, int dilation_w,
                                                     cudnnConvolutionMode_t mode,
                                                     cudnnDataType_t type) {
  if (dilation_h != 1 || dilation_w != 1 || mode != CUDNN_CROSS_CORRELATION || pad_h < 0 ||
      pad_w < 0 || stride_h < 1 || stride_w < 1)
    return CUDNN_STATUS_BAD_PARAM;
  *convolution = {pad_h, pad_w, stride_h, stride_w, 1, type, CUDNN_DEFAULT_MATH};
  return CUDNN_STATUS_SUCCESS;
}
inline cudnnStatus_t cudnnSetConvolutionGroupCount(cudnnConvolutionDescriptor_t convolution,
                                                   int groups) {
  convolution->groups = groups;
  return CUDNN_STATUS_SUCCESS;
}
inline cudnnStatus_t cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t convolution,
                                                 cudnnMathType_t math) {
  convolution->math = math;
  return CUDNN_STATUS_SUCCESS;
}

inline cudnnStatus_t cudnnGetConvolutionForwardAlgorithm_v7(
    cudnnHandle_t, cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w,
    cudnnConvolutionDescriptor_t how, cudnnTensorDescriptor_t y, int most, int* count,
    cudnnConvolutionFwdAlgoPerf_t* found) {
  return standin::find({*x, *w, *y, *how}, CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM, most, count,
                       found);
}
inline cudnnStatus_t cudnnGetConvolutionBackwardDataAlgorithm_v7(
    cudnnHandle_t, cudnnFilterDescriptor_t w, cudnnTensorDescriptor_t dy,
    cudnnConvolutionDescriptor_t how, cudnnTensorDescriptor_t dx, int most, int* count,
    cudnnConvolutionBwdDataAlgoPerf_t* found) {
  return standin::find({*dx, *w, *dy, *how}, CUDNN_CONVOLUTION_BWD_DATA_ALGO_1, most, count, found);
}
inline cudnnStatus_t cudnnGetConvolutionBackwardFilterAlgorithm_v7(
    cudnnHandle_t, cudnnTensorDescriptor_t x, cudnnTensorDescriptor_t dy,
    cudnnConvolutionDescriptor_t how, cudnnFilterDescriptor_t dw, int most, int* count,
    cudnnConvolutionBwdFilterAlgoPerf_t* found) {
  return standin::find({*x, *dw, *dy, *how}, CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1, most, count,
                       found);
}

inline cudnnStatus_t cudnnConvolutionForward(cudnnHandle_t handle, const void* alpha,
                                             cudnnTensorDescriptor_t x_desc, const void* x,
                                             cudnnFilterDescriptor_t w_desc, const void* w,
                                             cudnnConvolutionDescriptor_t how,
                                             cudnnConvolutionFwdAlgo_t algo, void* room,
                                             std::size_t room_bytes, const void* beta,
                                             cudnnTensorDescriptor_t y_desc, void* y) {
  if (algo != CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM || room == nullptr || room_bytes < 1 << 20)
    return CUDNN_STATUS_BAD_PARAM;
  const standin::Convolved shape{*x_desc, *w_desc, *y_desc, *how};
  return standin::convolve(handle, shape, [=]<class S>(S) {
    shape.compute(shape.y, *static_cast<const S*>(alpha), *static_cast<const S*>(beta),
                  static_cast<S*>(y), [&](std::vector<double>& sums) {
                    shape.for_each([&](std::size_t in, std::size_t tap, std::size_t out) {
                      sums[out] += static_cast<double>(static_cast<const S*>(x)[in]) *
                                   static_cast<double>(static_cast<const S*>(w)[tap]);
                    });
                  });
  });
}
inline cudnnStatus_t cudnnConvolutionBackwardData(cudnnHandle_t handle, const void* alpha,
                                                  cudnnFilterDescriptor_t w_desc, const void* w,
                                                  cudnnTensorDescriptor_t dy_desc, const void* dy,
                                                  cudnnConvolutionDescriptor_t how,
                                                  cudnnConvolutionBwdDataAlgo_t algo, void* room,
                                                  std::size_t room_bytes, const void* beta,
                                                  cudnnTensorDescriptor_t dx_desc, void* dx) {
  if (algo != CUDNN_CONVOLUTION_BWD_DATA_ALGO_1 || room == nullptr || room_bytes < 1 << 20)
    return CUDNN_STATUS_BAD_PARAM;
  const standin::Convolved shape{*dx_desc, *w_desc, *dy_desc, *how};
  return standin::convolve(handle, shape, [=]<class S>(S) {
    shape.compute(shape.x, *static_cast<const S*>(alpha), *static_cast<const S*>(beta),
                  static_cast<S*>(dx), [&](std::vector<double>& sums) {
                    shape.for_each([&](std::size_t in, std::size_t tap, std::size_t out) {
                      sums[in] += static_cast<double>(static_cast<const S*>(dy)[out]) *
                                  static_cast<double>(static_cast<const S*>(w)[tap]);
                    });
                  });
  });
}
inline cudnnStatus_t cudnnConvolutionBackwardFilter(
    cudnnHandle_t handle, const void* alpha, cudnnTensorDescriptor_t x_desc, const void* x,
    cudnnTensorDescriptor_t dy_desc, const void* dy, cudnnConvolutionDescriptor_t how,
    cudnnConvolutionBwdFilterAlgo_t algo, void* room, std::size_t room_bytes, const void* beta,
    cudnnFilterDescriptor_t dw_desc, void* dw) {
  if (algo != CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1 || room == nullptr || room_bytes < 1 << 20)
    return CUDNN_STATUS_BAD_PARAM;
  const standin::Convolved shape{*x_desc, *dw_desc, *dy_desc, *how};
  return standin::convolve(handle, shape, [=]<class S>(S) {
    shape.compute(shape.w, *static_cast<const S*>(alpha), *static_cast<const S*>(beta),
                  static_cast<S*>(dw), [&](std::vector<double>& sums) {
                    shape.for_each([&](std::size_t in, std::size_t tap, std::size_t out) {
                      sums[tap] += static_cast<double>(static_cast<const S*>(dy)[out]) *
                                   static_cast<double>(static_cast<const S*>(x)[in]);
                    });
                  });
  });
}

/// `c = alpha a + beta c`, a of one number for each channel.
inline cudnnStatus_t cudnnAddTensor(cudnnHandle_t handle, const void* alpha,
                                    cudnnTensorDescriptor_t a_desc, const void* a, const void* beta,
                                    cudnnTensorDescriptor_t c_desc, void* c) {
  const cudnnTensorStruct sizes = *c_desc;
  if (a_desc->n != 1 || a_desc->h != 1 || a_desc->w != 1 || a_desc->c != sizes.c ||
      a_desc->type != sizes.type)
    return CUDNN_STATUS_BAD_PARAM;
  const auto add = [=]<class S>(S) {
    const S times_a = *static_cast<const S*>(alpha), times_c = *static_cast<const S*>(beta);
    for (std::size_t i = 0; i < sizes.at(sizes.n, 0, 0, 0); ++i) {
      const std::size_t channel =
          i / static_cast<std::size_t>(sizes.h * sizes.w) % static_cast<std::size_t>(sizes.c);
      S& target = static_cast<S*>(c)[i];
      target = times_a * static_cast<const S*>(a)[channel] + times_c * target;
    }
  };
  if (sizes.type == CUDNN_DATA_DOUBLE)
    standin::device().enqueue(handle->stream, [add] { add(double{}); });
  else
    standin::device().enqueue(handle->stream, [add] { add(float{}); });
  return CUDNN_STATUS_SUCCESS;
}
