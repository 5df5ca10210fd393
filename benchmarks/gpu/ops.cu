// SPDX-License-Identifier: MIT
//
// The time of each op beside the time in which a copy within the device moves as many bytes.
#include <cstdio>

#include "timing.hpp"

namespace {

using kd::Index;
using kd::Label;
using kd::Write;
using Space = kd::cuda::Space;
using S = float;

const Space space;
double bytes_per_microsecond = 0;

kd::Buffer<S, Space> random(Index size) {
  kd::Buffer<S> host(size);
  kd::Rng rng(static_cast<std::uint64_t>(size));
  for (Index i = 0; i < size; ++i) host.view().data[i] = rng.symmetric(S(4));
  kd::Buffer<S, Space> buffer(size, space);
  op_upload(space, kd::VectorView<const S>(host.view()), buffer.view());
  return buffer;
}

kd::VectorView<const S, Space> in(kd::Buffer<S, Space>& x) { return x.view(); }

template <class F>
void report(const char* name, Index a, Index b, double bytes, F&& op) {
  const double time = bench::microseconds(space, 20, op);
  std::printf("%-24s %8td x %-8td %10.2f us %9.1f GB/s  %5.1f %% of a copy's\n", name, a, b, time,
              bytes / time * 1e-3, 100 * bytes / time / bytes_per_microsecond);
}

void elementwise(Index size) {
  auto a = random(size), b = random(size), c = random(size), d = random(size);
  kd::Buffer<std::int32_t, Space> guard(1, space);
  const double n = static_cast<double>(size) * sizeof(S);
  report("relu forward", size, 1, 2 * n, [&] { op_relu_forward(space, in(a), b.view()); });
  report("relu backward", size, 1, 3 * n,
         [&] { op_relu_backward(space, in(a), in(b), c.view(), Write::overwrite); });
  report("dropout forward", size, 1, 3 * n,
         [&] { op_dropout_forward(space, kd::Rng(1), 0.5, in(a), b.view(), c.view()); });
  report("flag nonfinite", size, 1, n, [&] { op_flag_nonfinite(space, in(a), guard.view()); });
  op_zero(space, d.view());
  report("adam", size, 1, 7 * n, [&] {
    op_adam(space, a.view(), in(b), c.view(), d.view(),
            kd::AdamStep<S>{1e-4F, 0.9F, 0.1F, 0.999F, 0.001F, 1e-8F, 1, 1}, guard.view());
  });
}

void classify(Index classes, Index batch) {
  auto z = random(classes * batch), v = random(classes * batch), dz = random(classes * batch),
       hard = random(batch), soft = random(batch);
  kd::Buffer<Label, Space> labels(batch, space);
  const kd::MatrixView<const S, Space> student{z.view().data, classes, batch};
  const kd::MatrixView<const S, Space> teacher{v.view().data, classes, batch};
  const kd::MatrixView<S, Space> gradient{dz.view().data, classes, batch};
  const kd::VectorView<const Label, Space> y = labels.view();
  const double n = static_cast<double>(classes * batch) * sizeof(S);
  // Beyond a warp's classes the logits are read twice.
  const double reads = classes <= kd::cuda::detail::warp_classes ? 1 : 2;
  report("cross entropy", classes, batch, (reads + 2) * n,
         [&] { op_cross_entropy(space, student, y, 1e-3F, gradient, hard.view()); });
  report("soft targets", classes, batch, (2 * reads + 2) * n, [&] {
    op_soft_targets(space, student, teacher, y, 4.F, 1e-3F, 1e-3F, gradient, hard.view(),
                    soft.view());
  });
  report("argmax", classes, batch, n, [&] { op_argmax(space, student, labels.view()); });
}

}  // namespace

int main() {
  if (kd::cuda::device_count() == 0) {
    std::puts("No CUDA device can be used here: nothing was timed.");
    return 77;
  }
  const Index large = Index{1} << 28;  // a GiB
  {
    kd::Buffer<S, Space> from(large, space), to(large, space);
    const double bytes = 2. * sizeof(S) * static_cast<double>(large);
    bytes_per_microsecond = bytes / bench::microseconds(space, 5, [&] {
                              op_copy(space, in(from), to.view(), Write::overwrite);
                            });
    std::printf("copy of 1 GiB: %.1f GB/s\n", bytes_per_microsecond * 1e-3);
  }
  for (const Index size : {32 * 1200, 2395210, 1 << 26}) elementwise(size);
  for (const Index batch : {32, 1024, 65536}) classify(10, batch);
  for (const Index batch : {32, 1024}) classify(1000, batch);
  for (const Index batch : {32, 256}) classify(50257, batch);
  classify(200000, 128);
}
