// SPDX-License-Identifier: MIT
#pragma once

#include <cstdlib>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "execution.hpp"

/// The device of the stand-in: memory, streams that do their work as late as they may, graphs, and
/// errors on demand.

/// The few of CUDA's errors that a test asks for, with CUDA's numbers.
enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInsufficientDriver = 35,
  cudaErrorNoDevice = 100,
  cudaErrorInvalidDevice = 101,
  cudaErrorIllegalAddress = 700,
  cudaErrorLaunchTimeout = 702,
  cudaErrorHardwareStackError = 714,
  cudaErrorIllegalInstruction = 715,
  cudaErrorMisalignedAddress = 716,
  cudaErrorInvalidAddressSpace = 717,
  cudaErrorInvalidPc = 718,
  cudaErrorLaunchFailure = 719,
  cudaErrorStreamCaptureUnsupported = 900,
  cudaErrorGraphExecUpdateFailure = 910
};

using standin_work = std::function<void()>;

struct CUgraph_st {
  std::vector<standin_work> nodes;
};
struct CUgraphExec_st {
  std::vector<standin_work> nodes;
};
struct CUstream_st {
  std::list<standin_work> work;
  CUgraph_st* capture = nullptr;
};
struct CUevent_st {
  std::shared_ptr<bool> reached = std::make_shared<bool>(true);
  CUstream_st* stream = nullptr;
};
using cudaStream_t = CUstream_st*;
using cudaEvent_t = CUevent_st*;
using cudaGraph_t = CUgraph_st*;
using cudaGraphExec_t = CUgraphExec_st*;

namespace standin {

class Device {
 public:
  static Device& instance() {
    static Device device;
    return device;
  }

  // What a test sets.
  int devices = 1;
  cudaError_t sticky = cudaSuccess;  ///< every call fails with it
  std::size_t total_memory = 1U << 30;
  bool graph_updates = true;  ///< false: a changed graph must be instantiated anew
  std::size_t launches = 0, graph_launches = 0, synchronisations = 0;

  std::set<cudaStream_t> streams = {};  ///< that exist

  /// The `n`-th call of `call` from now on fails with `error`.
  void fail(const std::string& call, cudaError_t error, int n = 1) { faults_[call] = {error, n}; }

  cudaError_t begin(const char* call) {
    if (sticky != cudaSuccess) return sticky;
    const auto fault = faults_.find(call);
    if (fault == faults_.end() || --fault->second.second > 0) return cudaSuccess;
    const cudaError_t error = fault->second.first;
    faults_.erase(fault);
    return error;
  }

  /// Device memory: full of garbage, as on a device, and out of the host's reach while nothing runs
  /// there (AddressSanitizer tells).
  cudaError_t allocate(void** data, std::size_t bytes) {
    if (used_ + bytes > total_memory) return cudaErrorMemoryAllocation;
    const std::size_t room = (bytes + 511) / 256 * 256;
    *data = std::aligned_alloc(256, room);
    asan_poison(static_cast<char*>(*data) + bytes, room - bytes);  // what is behind the last byte
    std::memset(*data, 0xFF, bytes);
    memory_[static_cast<char*>(*data)] = bytes;
    used_ += bytes;
    asan_poison(*data, bytes);
    return cudaSuccess;
  }
  cudaError_t release(void* data) {
    const auto found = memory_.find(static_cast<char*>(data));
    if (found == memory_.end()) return cudaErrorInvalidValue;
    used_ -= found->second;
    asan_unpoison(data, found->second);
    std::free(data);
    memory_.erase(found);
    return cudaSuccess;
  }
  std::size_t used() const { return used_; }

  void add_pinned(void* data, std::size_t bytes) { pinned_[static_cast<char*>(data)] = bytes; }
  void remove_pinned(void* data) { pinned_.erase(static_cast<char*>(data)); }
  bool is_pageable(const void* data) const {
    return !within(memory_, data) && !within(pinned_, data);
  }

  /// Puts work at the end of a stream, or of the graph that the stream is being captured into.
  void enqueue(cudaStream_t stream, standin_work work) {
    if (stream->capture != nullptr) {
      stream->capture->nodes.push_back(std::move(work));
    } else {
      stream->work.push_back(std::move(work));
    }
  }
  /// Does the work of a stream until `*reached`, or all of it.
  void drain(cudaStream_t stream, const bool* reached = nullptr) {
    if (stream->work.empty()) return;
    const Access access(*this);
    while (!stream->work.empty() && (reached == nullptr || !*reached)) {
      const standin_work work = std::move(stream->work.front());
      stream->work.pop_front();
      work();
    }
  }
  /// Does all work of all streams.
  void drain_all() {
    for (const cudaStream_t stream : streams) drain(stream);
  }

  /// While one lives, device memory may be touched.
  class Access {
   public:
    explicit Access(Device& device) : device_(device) {
      if (device_.depth_++ == 0)
        for (const auto& [data, bytes] : device_.memory_) asan_unpoison(data, bytes);
    }
    ~Access() {
      if (--device_.depth_ == 0)
        for (const auto& [data, bytes] : device_.memory_) asan_poison(data, bytes);
    }
    Access(const Access&) = delete;

   private:
    Device& device_;
  };

 private:
  using Blocks = std::map<char*, std::size_t>;

  static bool within(const Blocks& blocks, const void* data) {
    const char* const at = static_cast<const char*>(data);
    auto block = blocks.upper_bound(const_cast<char*>(at));
    if (block == blocks.begin()) return false;
    --block;
    return at < block->first + block->second;
  }

  Blocks memory_, pinned_;
  std::size_t used_ = 0;
  int depth_ = 0;
  std::map<std::string, std::pair<cudaError_t, int>> faults_;
};

inline Device& device() { return Device::instance(); }

}  // namespace standin
