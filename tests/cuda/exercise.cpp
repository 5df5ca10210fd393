// SPDX-License-Identifier: MIT
//
// Runs every op of kd::cuda once at sizes that leave warps, blocks and packs incomplete. It looks
// at no result (the tests do): it is for the sanitizers, and quick to compile.
#include <vector>

#include "kd/cuda/ops.cuh"

namespace {

using kd::Index;
using kd::Label;
using kd::Write;
using Space = kd::cuda::Space;
using S = float;

const Space space;

template <class T>
class Block {
 public:
  explicit Block(Index size) : buffer_(size, space) {
    std::vector<T> host(static_cast<std::size_t>(size));
    for (std::size_t i = 0; i < host.size(); ++i) host[i] = static_cast<T>((i * 7 + 3) % 5);
    op_upload(space, kd::VectorView<const T>(host.data(), size), buffer_.view());
  }
  kd::VectorView<T, Space> out() { return buffer_.view(); }
  kd::VectorView<const T, Space> in() { return buffer_.view(); }
  kd::MatrixView<T, Space> out(Index rows, Index cols) { return {out().data, rows, cols}; }
  kd::MatrixView<const T, Space> in(Index rows, Index cols) { return {out().data, rows, cols}; }

 private:
  kd::Buffer<T, Space> buffer_;
};

void elementwise(Index size) {
  Block<S> a(size), b(size), c(size), d(size);
  Block<std::int32_t> steps(1);
  kd::Buffer<std::int32_t, Space> guard(1, space);
  Block<double> sum(1);
  op_relu_forward(space, a.in(), b.out());
  op_relu_backward(space, a.in(), b.in(), c.out(), Write::add);
  op_copy(space, a.in(), b.out(), Write::add);
  op_multiply(space, a.in(), b.in(), c.out(), Write::add);
  op_dropout_forward(space, kd::Rng(1), 0.5, a.in(), b.out(), c.out());
  op_add_sum(space, a.in(), sum.out());
  op_add_square_sum(space, a.in(), sum.out());
  op_clip(space, a.out(), kd::VectorView<const double, Space>(sum.out()), 0.5);
  op_flag_nonfinite(space, a.in(), guard.view());
  op_count_good_step(space, guard.view(), steps.out());
  op_adam(space, a.out(), b.in(), c.out(), d.out(), kd::AdamStep<S>{}, guard.view());
  op_sgd(space, a.out(), b.in(), c.out(), kd::SgdStep<S>{}, guard.view());
}

void classify(Index classes, Index batch) {
  Block<S> z(classes * batch), v(classes * batch), dz(classes * batch), hard(batch), soft(batch);
  kd::Buffer<Label, Space> labels(batch, space);
  op_cross_entropy(space, z.in(classes, batch), kd::VectorView<const Label, Space>(labels.view()),
                   S(1), dz.out(classes, batch), hard.out());
  op_soft_targets(space, z.in(classes, batch), v.in(classes, batch),
                  kd::VectorView<const Label, Space>(labels.view()), S(2), S(1), S(1),
                  dz.out(classes, batch), hard.out(), soft.out());
  op_argmax(space, z.in(classes, batch), labels.view());
  op_zero(space, labels.view());
  op_reverse_kl(space, z.in(classes, batch), v.in(classes, batch), S(2), S(1),
                dz.out(classes, batch), hard.out());
  op_generalized_jsd(space, z.in(classes, batch), v.in(classes, batch), S(2), S(0.5), S(1),
                     dz.out(classes, batch), hard.out());
  op_decoupled_kd(space, z.in(classes, batch), v.in(classes, batch),
                  kd::VectorView<const Label, Space>(labels.view()), S(2), S(1), S(1),
                  dz.out(classes, batch), hard.out(), soft.out());
  op_label_smoothing(space, z.in(classes, batch), kd::VectorView<const Label, Space>(labels.view()),
                     S(0.1), S(1), dz.out(classes, batch), hard.out());
  op_virtual_logits(space, kd::VectorView<const Label, Space>(labels.view()), S(1), S(0),
                    dz.out(classes, batch));
  op_squared_error(space, z.in(classes, batch), v.in(classes, batch), S(1), dz.out(classes, batch),
                   Write::add, hard.out());
  op_standardize(space, z.in(classes, batch), v.out(classes, batch), hard.out());
  op_standardize_backward(space, v.in(classes, batch), hard.in(), z.in(classes, batch),
                          dz.out(classes, batch));
}

void linear(Index in, Index out, Index batch) {
  Block<S> weight(in * out), bias(out), x(in * batch), y(out * batch), z(out * batch);
  Block<S> dweight(in * out), dbias(out), dx(in * batch), dy(out * batch);
  op_linear_forward(space, weight.in(in, out), bias.in(), x.in(in, batch), y.out(out, batch));
  op_linear_relu_forward(space, weight.in(in, out), bias.in(), x.in(in, batch), y.out(out, batch),
                         z.out(out, batch));
  op_linear_backward(space, weight.in(in, out), x.in(in, batch), y.in(out, batch),
                     dweight.out(in, out), dbias.out(), Write::add, dx.out(in, batch), Write::add);
  op_linear_relu_backward(space, weight.in(in, out), x.in(in, batch), z.in(out, batch),
                          y.in(out, batch), dy.out(out, batch), Write::add, dweight.out(in, out),
                          dbias.out(), Write::add, dx.out(in, batch), Write::add);
}

void gather(Index features, Index batch) {
  const Index samples = 7;
  Block<std::uint8_t> bytes(features * samples);
  Block<Index> indices(batch);  // below 5
  Block<Label> labels(samples), taken(batch);
  Block<S> out(features * batch);
  op_gather(space, bytes.in(features, samples), indices.in(), S(1), out.out(features, batch));
  op_gather_labels(space, labels.in(), indices.in(), taken.out());
}

}  // namespace

int main() {
  for (const Index size : {1, 33, 100, 1001, 5000}) elementwise(size);
  for (const Index classes : {1, 33, 100, 1001, 1500, 8200, 8201}) classify(classes, 3);
  for (const Index out : {1, 33, 40}) linear(5, out, 11);
  for (const Index features : {1, 33, 784, 1001}) gather(features, 3);
  space.synchronize();
}
