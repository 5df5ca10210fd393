// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <kd/cuda.hpp>
#include <vector>

namespace bench {

/// The median time of one call of `f`, in microseconds: seven rounds of `calls` calls each, timed
/// by events around the round, after one round that is not counted.
template <class F>
double microseconds(const kd::cuda::Space& space, int calls, F&& f) {
  using kd::cuda::detail::check;
  cudaEvent_t begin{};
  cudaEvent_t end{};
  check(cudaEventCreate(&begin), "cudaEventCreate");
  check(cudaEventCreate(&end), "cudaEventCreate");
  std::vector<double> rounds;
  for (int round = 0; round < 8; ++round) {
    check(cudaEventRecord(begin, space.stream()), "cudaEventRecord");
    for (int i = 0; i < calls; ++i) f();
    check(cudaEventRecord(end, space.stream()), "cudaEventRecord");
    check(cudaEventSynchronize(end), "cudaEventSynchronize");
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, begin, end), "cudaEventElapsedTime");
    if (round > 0) rounds.push_back(1e3 * static_cast<double>(milliseconds) / calls);
  }
  check(cudaEventDestroy(begin), "cudaEventDestroy");
  check(cudaEventDestroy(end), "cudaEventDestroy");
  std::nth_element(rounds.begin(), rounds.begin() + 3, rounds.end());
  return rounds[3];
}

}  // namespace bench
