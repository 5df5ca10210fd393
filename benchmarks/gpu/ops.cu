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
  report("cross entropy", classes, batch, (reads + 2) * n, [&] {
    op_cross_entropy(space, student, y, 1e-3F, gradient, kd::Write::overwrite, hard.view());
  });
  report("soft targets", classes, batch, (2 * reads + 2) * n, [&] {
    op_soft_targets(space, student, teacher, y, 4.F, 1e-3F, 1e-3F, gradient, kd::Write::add,
                    hard.view(), soft.view());
  });
  report("argmax", classes, batch, n, [&] { op_argmax(space, student, labels.view()); });
}

void features(Index width, Index batch) {
  auto f = random(width * batch), g = random(width * batch), df = random(width * batch),
       spread = random(width), dspread = random(width), values = random(batch);
  const kd::MatrixView<const S, Space> student{f.view().data, width, batch};
  const kd::MatrixView<const S, Space> teacher{g.view().data, width, batch};
  const kd::MatrixView<S, Space> gradient{df.view().data, width, batch};
  const double n = static_cast<double>(width * batch) * sizeof(S);
  report("factor cosine", width, batch, 4 * n,
         [&] { op_factor_cosine(space, student, teacher, 1e-3F, gradient, values.view()); });
  report("gaussian likelihood", width, batch, 5 * n, [&] {
    op_gaussian_likelihood(space, student, teacher, in(spread), 1e-3F, gradient, dspread.view(),
                           values.view());
  });
}

void relational(Index width, Index batch) {
  auto f = random(width * batch), g = random(width * batch), d = random(2 * batch * batch),
       e = random(2 * batch * batch), pull = random(batch * batch), room = random(batch * batch),
       values = random(batch);
  const kd::MatrixView<S, Space> student{d.view().data, batch, 2 * batch};
  const kd::MatrixView<S, Space> teacher{e.view().data, batch, 2 * batch};
  const kd::MatrixView<S, Space> pulls{pull.view().data, batch, batch};
  const kd::MatrixView<S, Space> edges{room.view().data, batch, batch};
  const double pairs = static_cast<double>(batch * batch) * sizeof(S);
  op_pair_distances(space, kd::MatrixView<const S, Space>{g.view().data, width, batch}, teacher);
  report("pair distances", width, batch, 2 * static_cast<double>(width) * pairs, [&] {
    op_pair_distances(space, kd::MatrixView<const S, Space>{f.view().data, width, batch}, student);
  });
  report("relational angle", width, batch, 6 * pairs, [&] {
    op_relational_angle(space, kd::MatrixView<const S, Space>{f.view().data, width, batch},
                        kd::MatrixView<const S, Space>(student),
                        kd::MatrixView<const S, Space>{g.view().data, width, batch},
                        kd::MatrixView<const S, Space>(teacher), 1e-3F, pulls, edges,
                        values.view());
  });
}

void contrast(Index width, Index negatives, Index batch) {
  const Index samples = 50000;
  auto anchors = random(width * batch), bank = random(width * samples),
       gradient = random(width * batch), values = random(batch);
  kd::Buffer<std::int32_t> host(negatives * batch);
  kd::Rng rng(1);
  for (Index i = 0; i < host.size(); ++i)
    host.view().data[i] = static_cast<std::int32_t>(rng.below(samples));
  kd::Buffer<std::int32_t, Space> drawn(negatives * batch, space);
  op_upload(space, kd::VectorView<const std::int32_t>(host.view()), drawn.view());
  kd::Buffer<Index, Space> own(batch, space);
  const S one = 1;
  kd::Buffer<S, Space> normaliser(1, space);
  op_upload(space, kd::VectorView<const S>(&one, 1), normaliser.view());
  report("contrast", negatives, batch, static_cast<double>(width * negatives * batch) * sizeof(S),
         [&] {
           op_contrast(
               space, kd::MatrixView<const S, Space>{anchors.view().data, width, batch},
               kd::MatrixView<const S, Space>{bank.view().data, width, samples},
               kd::VectorView<const Index, Space>(own.view()),
               kd::MatrixView<const std::int32_t, Space>{drawn.view().data, negatives, batch},
               in(normaliser), 1.F, 1e-3F,
               kd::MatrixView<S, Space>{gradient.view().data, width, batch}, values.view());
         });
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
  features(1200, 1024);
  relational(1200, 128);
  contrast(128, 16384, 64);
}
