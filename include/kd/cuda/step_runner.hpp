// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "kd/core/step_runner.hpp"
#include "kd/cuda/space.hpp"

namespace kd {

/// Steps on a device: put into the stream one by one, or recorded as one graph that is launched at
/// once. The host does not wait for them; it looks at the guard now and then.
///
/// A step is recorded anew every time, since its parameters change (Adam's corrections, the key of
/// dropout), and the graph at hand takes over what is new in it; only where its shape has changed,
/// as for a last, smaller batch, is another one made.
template <>
class StepRunner<cuda::Space> {
 public:
  static constexpr Index steps_between_checks = 256;

  StepRunner() = default;
  StepRunner(const StepRunner&) = delete;
  ~StepRunner() { drop(); }

  /// Throws `cuda::Error` when `capture` is asked for and the step waits for the device.
  template <class Step>
  void run(const cuda::Space& space, bool capture, Step&& step) {
    if (!capture) {
      step();
      return;
    }
    const Recording recording(space.stream(), std::forward<Step>(step));
    cudaGraphExecUpdateResultInfo info{};
    if (exec_ != nullptr && cudaGraphExecUpdate(exec_, recording.graph(), &info) != cudaSuccess) {
      (void)cudaGetLastError();
      drop();
    }
    if (exec_ == nullptr)
      cuda::detail::check(cudaGraphInstantiate(&exec_, recording.graph(), 0),
                          "cudaGraphInstantiate");
    cuda::detail::check(cudaGraphLaunch(exec_, space.stream()), "cudaGraphLaunch");
  }

 private:
  /// What a step has put into a stream, which did none of it.
  class Recording {
   public:
    template <class Step>
    Recording(cudaStream_t stream, Step&& step) {
      cuda::detail::check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal),
                          "cudaStreamBeginCapture");
      try {
        step();
      } catch (...) {
        end(stream);
        if (graph_ != nullptr) (void)cudaGraphDestroy(graph_);
        throw;
      }
      const cudaError_t error = end(stream);
      if (error != cudaSuccess) {
        if (graph_ != nullptr) (void)cudaGraphDestroy(graph_);
        cuda::detail::check(error, "cudaStreamEndCapture");
      }
    }
    Recording(const Recording&) = delete;
    ~Recording() { (void)cudaGraphDestroy(graph_); }

    cudaGraph_t graph() const { return graph_; }

   private:
    cudaError_t end(cudaStream_t stream) {
      const cudaError_t error = cudaStreamEndCapture(stream, &graph_);
      if (error != cudaSuccess) (void)cudaGetLastError();
      return error;
    }

    cudaGraph_t graph_ = nullptr;
  };

  void drop() {
    if (exec_ != nullptr) (void)cudaGraphExecDestroy(std::exchange(exec_, nullptr));
  }

  cudaGraphExec_t exec_ = nullptr;
};

}  // namespace kd
