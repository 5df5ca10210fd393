// SPDX-License-Identifier: MIT
//
// Runs the tests where there is a device, and says so where there is none.
#define CATCH_CONFIG_RUNNER
#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <cstdio>

#include "kd/cuda/device.hpp"

int main(int argc, char** argv) {
  if (kd::cuda::device_count() == 0) {
    std::puts("No CUDA device can be used here: nothing was tested.");
    return 77;
  }
  return Catch::Session().run(argc, argv);
}
