// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "kd/cuda/error.hpp"

namespace kd::cuda {

/// A queue of work on a device, done in order; several streams run side by side.
class Stream {
 public:
  Stream() {
    detail::check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreate");
  }
  Stream(Stream&& other) noexcept : stream_(std::exchange(other.stream_, nullptr)) {}
  Stream& operator=(Stream&&) = delete;
  ~Stream() {
    if (stream_ != nullptr) (void)cudaStreamDestroy(stream_);
  }

  cudaStream_t get() const { return stream_; }

  /// Waits until all its work is done, and throws what went wrong in it.
  void synchronize() const {
    detail::check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
  }

 private:
  cudaStream_t stream_ = nullptr;
};

/// A mark in a stream that the host or another stream can wait for.
class Event {
 public:
  Event() {
    detail::check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), "cudaEventCreate");
  }
  Event(Event&& other) noexcept : event_(std::exchange(other.event_, nullptr)) {}
  Event& operator=(Event&&) = delete;
  ~Event() {
    if (event_ != nullptr) (void)cudaEventDestroy(event_);
  }

  /// Marks what `stream` has been given so far.
  void record(cudaStream_t stream) {
    detail::check(cudaEventRecord(event_, stream), "cudaEventRecord");
  }
  /// What `stream` is given from now on waits for the mark.
  void hold(cudaStream_t stream) const {
    detail::check(cudaStreamWaitEvent(stream, event_, 0), "cudaStreamWaitEvent");
  }
  /// The host waits for the mark; returns at once when there is none yet.
  void wait() const { detail::check(cudaEventSynchronize(event_), "cudaEventSynchronize"); }

 private:
  cudaEvent_t event_ = nullptr;
};

}  // namespace kd::cuda
