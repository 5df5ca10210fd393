// SPDX-License-Identifier: MIT
#pragma once

#include <tuple>

#include "device.hpp"

/// Stands in for CUDA's header of this name: the part of the runtime that kd::cuda calls, done on
/// the host, so that the sources of kd::cuda compile with any C++ compiler as they are.
///
/// Work is done as late as CUDA's rules allow, when somebody waits for it: a host that reads too
/// early, or changes pinned memory while a copy is on its way, gets wrong numbers here every time.

#define __global__
#define __device__
#define __host__
#define __shared__ static
#define __forceinline__ inline
#define __launch_bounds__(...)

#define STANDIN_BEGIN(call) \
  if (const cudaError_t error = standin::device().begin(#call); error != cudaSuccess) return error

enum cudaMemcpyKind { cudaMemcpyDefault = 4 };
enum cudaDeviceAttr { cudaDevAttrMemoryPoolsSupported = 115 };
enum cudaMemPoolAttr { cudaMemPoolAttrReleaseThreshold = 4 };
enum cudaStreamCaptureMode { cudaStreamCaptureModeThreadLocal = 1 };
enum { cudaStreamNonBlocking = 1, cudaEventDisableTiming = 2 };
struct cudaGraphExecUpdateResultInfo {
  int result;
};
using cudaMemPool_t = void*;

inline const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorInsufficientDriver:
      return "cudaErrorInsufficientDriver";
    case cudaErrorNoDevice:
      return "cudaErrorNoDevice";
    case cudaErrorIllegalAddress:
      return "cudaErrorIllegalAddress";
    case cudaErrorStreamCaptureUnsupported:
      return "cudaErrorStreamCaptureUnsupported";
    default:
      return "cudaErrorOfTheStandIn";
  }
}
inline const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorInsufficientDriver:
      return "CUDA driver version is insufficient for CUDA runtime version";
    case cudaErrorNoDevice:
      return "no CUDA-capable device is detected";
    case cudaErrorIllegalAddress:
      return "an illegal memory access was encountered";
    case cudaErrorStreamCaptureUnsupported:
      return "operation not permitted when stream is capturing";
    default:
      return "an error of the stand-in";
  }
}
inline cudaError_t cudaGetLastError() { return standin::device().sticky; }

inline cudaError_t cudaGetDeviceCount(int* count) {
  STANDIN_BEGIN(cudaGetDeviceCount);
  *count = standin::device().devices;
  return *count == 0 ? cudaErrorNoDevice : cudaSuccess;
}
inline cudaError_t cudaSetDevice(int device) {
  STANDIN_BEGIN(cudaSetDevice);
  return device >= 0 && device < standin::device().devices ? cudaSuccess : cudaErrorInvalidDevice;
}
inline cudaError_t cudaDriverGetVersion(int* version) {
  *version = 12000;
  return cudaSuccess;
}
inline cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = 13000;
  return cudaSuccess;
}
inline cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr, int) {
  *value = 1;
  return cudaSuccess;
}
inline cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int) {
  *pool = nullptr;
  return cudaSuccess;
}
inline cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr, void*) {
  return cudaSuccess;
}
inline cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  *total = standin::device().total_memory;
  *free = *total - standin::device().used();
  return cudaSuccess;
}

inline cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  STANDIN_BEGIN(cudaStreamCreateWithFlags);
  *stream = new CUstream_st;
  standin::device().streams.insert(*stream);
  return cudaSuccess;
}
inline cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  standin::device().drain(stream);
  standin::device().streams.erase(stream);
  delete stream;
  return cudaSuccess;
}
inline cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  STANDIN_BEGIN(cudaStreamSynchronize);
  if (stream->capture != nullptr) return cudaErrorStreamCaptureUnsupported;
  ++standin::device().synchronisations;
  standin::device().drain(stream);
  return standin::device().sticky;
}

inline cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  STANDIN_BEGIN(cudaEventCreateWithFlags);
  *event = new CUevent_st;
  return cudaSuccess;
}
inline cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}
inline cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  STANDIN_BEGIN(cudaEventRecord);
  event->reached = std::make_shared<bool>(false);
  event->stream = stream;
  standin::device().enqueue(stream, [reached = event->reached] { *reached = true; });
  return cudaSuccess;
}
inline cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned = 0) {
  STANDIN_BEGIN(cudaStreamWaitEvent);
  standin::device().enqueue(stream, [reached = event->reached, other = event->stream] {
    if (!*reached) standin::device().drain(other, reached.get());
  });
  return cudaSuccess;
}
inline cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  STANDIN_BEGIN(cudaEventSynchronize);
  if (!*event->reached) standin::device().drain(event->stream, event->reached.get());
  return cudaSuccess;
}

inline cudaError_t cudaMalloc(void** data, std::size_t bytes) {
  STANDIN_BEGIN(cudaMalloc);
  return standin::device().allocate(data, bytes);
}
inline cudaError_t cudaFree(void* data) {  // waits for the device, as CUDA's does
  standin::device().drain_all();
  return standin::device().release(data);
}
inline cudaError_t cudaMallocAsync(void** data, std::size_t bytes, cudaStream_t) {
  STANDIN_BEGIN(cudaMallocAsync);
  return standin::device().allocate(data, bytes);
}
inline cudaError_t cudaFreeAsync(void* data, cudaStream_t stream) {
  standin::device().enqueue(stream, [data] { standin::device().release(data); });
  return cudaSuccess;
}
inline cudaError_t cudaMallocHost(void** data, std::size_t bytes) {
  STANDIN_BEGIN(cudaMallocHost);
  *data = std::malloc(bytes);
  standin::device().add_pinned(*data, bytes);
  return cudaSuccess;
}
inline cudaError_t cudaFreeHost(void* data) {
  standin::device().remove_pinned(data);
  std::free(data);
  return cudaSuccess;
}

inline cudaError_t cudaMemsetAsync(void* data, int value, std::size_t bytes, cudaStream_t stream) {
  STANDIN_BEGIN(cudaMemsetAsync);
  standin::device().enqueue(stream, [=] { std::memset(data, value, bytes); });
  return cudaSuccess;
}
inline cudaError_t cudaMemcpyAsync(void* target, const void* source, std::size_t bytes,
                                   cudaMemcpyKind, cudaStream_t stream) {
  STANDIN_BEGIN(cudaMemcpyAsync);
  standin::Device& device = standin::device();
  const bool from_pageable = device.is_pageable(source);
  const bool to_pageable = device.is_pageable(target);
  if ((from_pageable || to_pageable) && stream->capture != nullptr)
    return cudaErrorStreamCaptureUnsupported;
  if (from_pageable) {  // CUDA has read such a source before the call returns
    const char* const begin = static_cast<const char*>(source);
    std::vector<char> copy(begin, begin + bytes);
    device.enqueue(stream, [target, copy] { std::memcpy(target, copy.data(), copy.size()); });
  } else {
    device.enqueue(stream, [=] { std::memcpy(target, source, bytes); });
  }
  if (to_pageable) device.drain(stream);  // and has written such a target
  return cudaSuccess;
}

struct cudaLaunchConfig_t {
  dim3 gridDim;
  dim3 blockDim;
  std::size_t dynamicSmemBytes;
  cudaStream_t stream;
};

template <class... Parameters, class... Arguments>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Parameters...),
                               Arguments&&... arguments) {
  STANDIN_BEGIN(cudaLaunchKernelEx);
  ++standin::device().launches;
  const std::tuple<Parameters...> held(std::forward<Arguments>(arguments)...);
  standin::device().enqueue(
      config->stream, [kernel, held, grid = config->gridDim, block = config->blockDim] {
        standin::Scheduler::instance().run(grid, block, [&] { std::apply(kernel, held); });
      });
  return cudaSuccess;
}

inline cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  STANDIN_BEGIN(cudaStreamBeginCapture);
  stream->capture = new CUgraph_st;
  return cudaSuccess;
}
inline cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  *graph = std::exchange(stream->capture, nullptr);
  return cudaSuccess;
}
inline cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph,
                                        unsigned long long = 0) {
  STANDIN_BEGIN(cudaGraphInstantiate);
  *exec = new CUgraphExec_st{graph->nodes};
  return cudaSuccess;
}
inline cudaError_t cudaGraphExecUpdate(cudaGraphExec_t exec, cudaGraph_t graph,
                                       cudaGraphExecUpdateResultInfo*) {
  if (!standin::device().graph_updates || exec->nodes.size() != graph->nodes.size())
    return cudaErrorGraphExecUpdateFailure;
  exec->nodes = graph->nodes;
  return cudaSuccess;
}
inline cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
  STANDIN_BEGIN(cudaGraphLaunch);
  ++standin::device().graph_launches;
  for (const standin_work& node : exec->nodes) standin::device().enqueue(stream, node);
  return cudaSuccess;
}
inline cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}
inline cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  delete exec;
  return cudaSuccess;
}

#undef STANDIN_BEGIN
