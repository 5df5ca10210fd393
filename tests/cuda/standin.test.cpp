// SPDX-License-Identifier: MIT
//
// What only the stand-in can bring about: failures on demand, and counts of what the host does.
#include "cuda/twin.hpp"
#include "support/catch.hpp"

using kd::Index;
using kd::cuda::Space;
using kd::cuda::SpaceOptions;

namespace {

using Net = kd::Sequential<kd::Linear<4, 8>, kd::ReLU, kd::Linear<8, 3>>;

kd::Dataset some_data(Index samples) {
  kd::Labels labels = kd::Labels::LinSpaced(samples, 0, static_cast<kd::Label>(samples - 1));
  labels = labels.unaryExpr([](kd::Label i) { return i % 3; });
  return kd::Dataset(kd::Matrix<float>(kd::Matrix<float>::Random(4, samples)), labels, 3);
}

/// Puts the stand-in's settings back.
struct Restore {
  ~Restore() {
    standin::device().devices = 1;
    standin::device().sticky = cudaSuccess;
    standin::device().total_memory = std::size_t{1} << 30;
    standin::device().graph_updates = true;
    standin::order = standin::Order::ascending;
  }
};

}  // namespace

TEST_CASE("CUDA: without a device there is a clear exception, and the CPU still works", "[cuda]") {
  const Restore restore;
  standin::device().devices = 0;
  CHECK(kd::cuda::device_count() == 0);
  CHECK_THROWS_WITH(Space(SpaceOptions{}), ContainsSubstring("no CUDA-capable device is detected"));
  kd::Network<Net> host(kd::Rng(1));
  CHECK_THROWS_AS(kd::upload(host, Space(SpaceOptions{})), kd::cuda::Error);
  kd::fit(host, some_data(30), kd::CrossEntropy{}, kd::Adam{});
}

TEST_CASE("CUDA: a driver that is too old is named with both versions", "[cuda]") {
  standin::device().fail("cudaGetDeviceCount", cudaErrorInsufficientDriver);
  CHECK_THROWS_WITH(Space(SpaceOptions{}), ContainsSubstring("the driver knows CUDA 12.0, this "
                                                             "program was built for 13.0"));
}

TEST_CASE("CUDA: a device that is not there is named", "[cuda]") {
  CHECK_THROWS_WITH(Space(SpaceOptions{.device = 3}),
                    ContainsSubstring("expected a device from 0 to 0, got 3"));
}

TEST_CASE("CUDA: running out of memory says what was wanted, and nothing is lost", "[cuda]") {
  const Restore restore;
  const Space space{SpaceOptions{}};
  const std::size_t before = standin::device().used();
  standin::device().total_memory = before + 1000;
  using Buffer = kd::Buffer<float, Space>;
  CHECK_THROWS_WITH(Buffer(1000, space), ContainsSubstring("wanted 4000 bytes, 1000 of"));
  CHECK(standin::device().used() == before);
  CHECK_NOTHROW(Buffer(250, space));
}

TEST_CASE("CUDA: an error carries the call, the code and CUDA's words", "[cuda]") {
  const Space space{SpaceOptions{}};
  kd::Buffer<float, Space> x(100, space);
  standin::device().fail("cudaLaunchKernelEx", cudaErrorInvalidValue);
  try {
    op_relu_forward(space, kd::VectorView<const float, Space>(x.view()), x.view());
    FAIL("no exception");
  } catch (const kd::cuda::Error& error) {
    CHECK(error.call == "relu forward");
    CHECK(error.code == cudaErrorInvalidValue);
    CHECK_THAT(error.what(), ContainsSubstring("an error of the stand-in"));
  }
}

TEST_CASE("CUDA: an error that destroys the context says so", "[cuda]") {
  const Restore restore;
  const Space space{SpaceOptions{}};
  kd::Buffer<float, Space> x(1, space);
  standin::device().sticky = cudaErrorIllegalAddress;
  CHECK_THROWS_WITH(op_read(space, x.view()),
                    ContainsSubstring("an illegal memory access was encountered") &&
                        ContainsSubstring("before the process starts anew"));
}

TEST_CASE("CUDA: training gives all its memory back", "[cuda]") {
  const Index resident_bytes = GENERATE(-1, 0);
  const std::size_t before = [] {
    Space().synchronize();
    return standin::device().used();
  }();
  {
    const Space space(SpaceOptions{.resident_bytes = resident_bytes});
    kd::Network<Net, Space> network(kd::Rng(1), space);
    kd::fit(network, some_data(50), kd::CrossEntropy{}, kd::Adam{}, {.epochs = 2});
    CHECK(standin::device().used() > before);
  }
  CHECK(standin::device().used() == before);
}

TEST_CASE("CUDA: the host waits for no step", "[cuda]") {
  const Index resident_bytes = GENERATE(-1, 0);
  const bool capture = GENERATE(false, true);
  CAPTURE(resident_bytes, capture);
  const Space space(SpaceOptions{.resident_bytes = resident_bytes});
  kd::Network<Net, Space> network(kd::Rng(1), space);
  const auto waits = [&](Index samples) {
    const kd::Dataset data = some_data(samples);
    const std::size_t before = standin::device().synchronisations;
    kd::fit(network, data, kd::CrossEntropy{}, kd::Adam{},
            {.batch_size = 4, .capture_step = capture});
    return standin::device().synchronisations - before;
  };
  CHECK(waits(8) == waits(400));
  CHECK(waits(4 * 255) + 1 == waits(4 * 257));  // but for a look at the guard every 256 steps
}

TEST_CASE("CUDA: captured steps are graphs, made anew only when they must", "[cuda]") {
  const Restore restore;
  const bool updates = GENERATE(true, false);
  standin::device().graph_updates = updates;
  const kd::Dataset data = some_data(50);
  kd::Network<Net> host(kd::Rng(1));
  auto device = kd::upload(host);
  const std::size_t before = standin::device().graph_launches;
  kd::fit(device, data, kd::CrossEntropy{}, kd::Adam{},
          {.epochs = 2, .batch_size = 10, .capture_step = true});
  CHECK(standin::device().graph_launches - before == 2 * 5 - 1);  // the first step runs as it comes
  kd::fit(host, data, kd::CrossEntropy{}, kd::Adam{}, {.epochs = 2, .batch_size = 10});
  CHECK((kd::map(kd::download(device).params()) - kd::map(host.params())).norm() < 1e-5);
}

TEST_CASE("CUDA: a step that waits for the device cannot be captured, and says so", "[cuda]") {
  const Space space{SpaceOptions{}};
  kd::Buffer<float, Space> x(1, space);
  kd::StepRunner<Space> runner;
  CHECK_THROWS_WITH(runner.run(space, true, [&] { op_read(space, x.view()); }),
                    ContainsSubstring("not permitted when stream is capturing"));
  CHECK(op_read(space, x.view()) == 0);  // the stream is an ordinary one again
}

TEST_CASE("CUDA: the order in which blocks and threads run changes no bit", "[cuda]") {
  const Restore restore;
  const kd::Dataset data = some_data(50);
  const auto trained = [&](standin::Order order) {
    standin::order = order;
    auto device = kd::upload(kd::Network<Net>(kd::Rng(1)));
    kd::fit(device, data, kd::CrossEntropy{}, kd::Adam{}, {.epochs = 2, .batch_size = 16});
    return kd::download(device);
  };
  const auto up = trained(standin::Order::ascending);
  const auto down = trained(standin::Order::descending);
  CHECK((kd::map(up.params()).array() == kd::map(down.params()).array()).all());
}

TEST_CASE("The stand-in refuses kernels whose threads do not meet", "[cuda]") {
  using standin::KernelFault;
  const auto run = [](auto kernel) {
    standin::Scheduler::instance().run(2, 64, std::function<void()>(kernel));
  };
  CHECK_NOTHROW(run([] { __syncthreads(); }));
  CHECK_THROWS_AS(run([] {
                    if (threadIdx.x != 5) __syncthreads();
                  }),
                  KernelFault);
  CHECK_THROWS_AS(run([] {
                    if (threadIdx.x < 16) __syncwarp();
                  }),
                  KernelFault);
  CHECK_THROWS_AS(run([] {
                    if (threadIdx.x < 32) {
                      __syncthreads();
                    } else if (threadIdx.x % 32 < 7) {
                      (void)__shfl_xor_sync(0xFFFFFFFFU, 1, 1);
                    }
                  }),
                  KernelFault);
  // And is none the worse for it.
  int sums[64] = {};
  CHECK_NOTHROW(run([&] {
    int sum = static_cast<int>(threadIdx.x);
    for (int mask = 16; mask > 0; mask /= 2) sum += __shfl_xor_sync(0xFFFFFFFFU, sum, mask);
    sums[threadIdx.x] = sum;
  }));
  for (int t = 0; t < 64; ++t) CHECK(sums[t] == 31 * 16 + (t / 32) * 32 * 32);
}

TEST_CASE("The stand-in does work as late as CUDA may", "[cuda]") {
  const Space space{SpaceOptions{}};
  kd::Buffer<int, Space> x(1, space);
  kd::cuda::Pinned<int> pinned(1);
  int& host = *pinned.view().data;
  host = 5;
  space.copy(x.view().data, &host, sizeof host);
  host = 6;  // too early: the copy has not been waited for
  CHECK(op_read(space, x.view()) == 6);
  int pageable = 7;
  space.copy(x.view().data, &pageable, sizeof pageable);
  pageable = 8;  // allowed
  CHECK(op_read(space, x.view()) == 7);
}
