// SPDX-License-Identifier: MIT
//
// Infinities, NaN, the largest and the smallest numbers on the device are what they are on the CPU.
#include <algorithm>
#include <limits>
#include <vector>

#include "cuda/twin.hpp"
#include "support/catch.hpp"

using kd::Index;
using kd::Write;
using twin::on_both;
using twin::Twin;

namespace {

using Limits = std::numeric_limits<float>;

const std::vector<float> specials{Limits::quiet_NaN(), Limits::infinity(),   -Limits::infinity(),
                                  Limits::max(),       Limits::lowest(),     Limits::min(),
                                  -Limits::min(),      Limits::denorm_min(), -0.F};

/// Ordinary numbers but for `special` at `at`.
Twin<float> with(float special, Index at, Index size) {
  return Twin<float>::of(
      size, [&](Index i) { return i == at ? special : static_cast<float>(i % 7) - 2.5F; });
}

/// Whether both sides hold the same, up to rounding; NaN is NaN.
template <class T>
bool agree(Twin<T>& x, double tolerance = 1e-5) {
  const auto device = x.downloaded();
  for (Index i = 0; i < x.size(); ++i) {
    const auto h = static_cast<double>(x.host().data[i]);
    const auto d = static_cast<double>(device.view().data[i]);
    const bool same = std::isfinite(h)
                          ? std::abs(h - d) <= tolerance * std::abs(h) + double{Limits::min()}
                          : (std::isnan(h) ? std::isnan(d) : h == d);
    if (!same) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("CUDA: special values pass every op that treats each number by itself", "[cuda]") {
  const Index size = 37;  // packs, and what is left
  const float special = GENERATE(from_range(specials));
  const Index at = GENERATE(0, 3, 35, 36);
  CAPTURE(special, at);
  Twin<float> x = with(special, at, size), other = with(3, 0, size), y(size), dx(size), copy(size),
              product(size), scaled(size), p = other, m = other, v = Twin<float>(size), sp = other,
              u = other;
  Twin<std::int32_t> guard(1), bad(1), large(1);
  Twin<double> sum(1), squares(1);
  const kd::AdamStep<float> a{.rate = 0.01F,
                              .beta1 = 0.9F,
                              .gain1 = 0.1F,
                              .beta2 = 0.999F,
                              .gain2 = 1e-3F,
                              .eps = 1e-8F,
                              .root_scale = 30,
                              .decay = 1};
  const kd::SgdStep<float> s{0.25F, 0.5F, 0.5F, true, false};
  // A moment of the largest gradient overflows, and the CPU's root is not for that.
  const bool is_stepped = std::abs(special) < 1e19F;
  on_both([&](auto side) {
    op_relu_forward(side.space, side.in(x), side.out(y));
    op_relu_backward(side.space, side.in(other), side.in(x), side.out(dx), Write::overwrite);
    op_copy(side.space, side.in(x), side.out(copy), Write::add);
    op_multiply(side.space, side.in(x), side.in(other), side.out(product), Write::overwrite);
    op_scale(side.space, side.in(x), 0.75F, side.out(scaled), Write::add);
    op_add_sum(side.space, side.in(x), side.out(sum));
    op_add_square_sum(side.space, side.in(x), side.out(squares));
    op_flag_nonfinite(side.space, side.in(x), side.out(bad));
    op_flag_gradients(side.space, side.in(x), 0x1p32, side.out(bad), side.out(large));
    if (!is_stepped) return;
    op_adam(side.space, side.out(p), side.in(x), side.out(m), side.out(v), a, side.out(guard));
    op_sgd(side.space, side.out(sp), side.in(x), side.out(u), s, side.out(guard));
  });
  CHECK(agree(y));
  CHECK(agree(dx));
  CHECK(agree(copy));
  CHECK(agree(product));
  CHECK(agree(scaled));
  CHECK(agree(sum));
  CHECK(agree(squares));
  CHECK(agree(bad));
  CHECK(agree(large));
  CHECK(agree(p));
  CHECK(agree(m));
  CHECK(agree(v));
  CHECK(agree(sp));
  CHECK(agree(u));
}

TEST_CASE("CUDA: activations of special values are the CPU's", "[cuda]") {
  const Index size = 37;
  const float special = GENERATE(from_range(specials));
  const Index at = GENERATE(0, 36);
  const auto check = [&](const char* name, auto f) {
    CAPTURE(name, special, at);
    Twin<float> x = with(special, at, size), dy = with(1, 0, size), y(size), dx(size);
    on_both([&](auto side) {
      op_activation_forward(side.space, f, side.in(x), side.out(y));
      op_activation_backward(side.space, f, side.in(x), side.in(y), side.in(dy), side.out(dx),
                             Write::overwrite);
    });
    CHECK(agree(y));
    // What is made of 1 less a number near it has its digits.
    CHECK(agree(dx, 1e-4));
  };
  check("ReLU6", kd::activation::ReLU6{});
  check("LeakyReLU", kd::activation::LeakyReLU<float>{0.25F});
  check("HardSwish", kd::activation::HardSwish{});
  check("GELU", kd::activation::GELU{});
  check("SiLU", kd::activation::SiLU{});
  check("Tanh", kd::activation::Tanh{});
  check("Sigmoid", kd::activation::Sigmoid{});
}

TEST_CASE("CUDA: a moving average of opposite values is the CPU's", "[cuda]") {
  const Index size = 37;
  const float from = GENERATE(from_range(specials));
  const float to = GENERATE(from_range(specials));
  const double decay = GENERATE(0., 0.25, 0.9921875);
  CAPTURE(from, to, decay);
  Twin<float> x = with(to, 35, size), average = with(from, 35, size);
  on_both([&](auto side) { op_moving_average(side.space, side.in(x), decay, side.out(average)); });
  CHECK(agree(average));
}

TEST_CASE("CUDA: the largest of special values are the CPU's", "[cuda]") {
  const Index classes = GENERATE(1, 3, 33, 1030);
  const float special = GENERATE(from_range(specials));
  CAPTURE(classes, special);
  const Index k = std::min<Index>(classes, 3);
  for (const float rest : {1.F, special, -Limits::infinity()}) {
    for (const Index at : {Index{0}, classes / 2, classes - 1}) {
      Twin<float> z = Twin<float>::of(classes, [&](Index i) { return i == at ? special : rest; }),
                  logits(k), tail(1);
      Twin<kd::Label> best(1), kept(k);
      on_both([&](auto side) {
        op_argmax(side.space, side.in(z, classes, 1), side.out(best));
        op_top_k(side.space, side.in(z, classes, 1), 2.F,
                 kd::TopKTable<float, decltype(side.space)>{
                     side.out(kept, k, 1), side.out(logits, k, 1), side.out(tail)});
      });
      CAPTURE(rest, at);
      CHECK(best.is_identical());
      CHECK(kept.is_identical());
      CHECK(agree(logits));
      if (std::isfinite(z.host().data[0])) CHECK(agree(tail));
    }
  }
}

TEST_CASE("CUDA: a loss of logits that are not finite is not finite", "[cuda]") {
  const Index classes = GENERATE(3, 33, 1030);
  const Index batch = 3;
  const float special = GENERATE(Limits::quiet_NaN(), Limits::infinity());
  const bool is_teacher = GENERATE(false, true);
  for (const Index c : {Index{0}, classes / 2, classes - 1}) {
    Twin<float> fine(classes * batch, twin::seed(1)), bad = with(special, classes + c, 3 * classes);
    Twin<float> hard(batch), soft(batch), reverse(batch), jsd(batch), target(batch), rest(batch),
        own(batch), cross(batch), share(batch), below(batch), transformed(batch), powers(batch),
        error(batch), cosine(batch), dz(classes * batch),
        ones = Twin<float>::of(classes, [](Index) { return 1.F; }), normal(classes * batch),
        moments(2 * batch);
    Twin<kd::Label> labels(batch);
    const twin::Side<kd::cuda::Space> side;
    const auto z = side.in(is_teacher ? fine : bad, classes, batch);
    const auto v = side.in(is_teacher ? bad : fine, classes, batch);
    const auto d = side.out(dz, classes, batch);
    op_soft_targets(side.space, z, v, side.in(labels), 2.F, 1.F, 1.F, d, Write::overwrite,
                    side.out(hard), side.out(soft));
    op_reverse_kl(side.space, z, v, 2.F, 1.F, d, side.out(reverse));
    op_generalized_jsd(side.space, z, v, 2.F, 0.3F, 1.F, d, side.out(jsd));
    op_decoupled_kd(side.space, z, v, side.in(labels), 2.F, 1.F, 1.F, d, side.out(target),
                    side.out(rest));
    op_nkd(side.space, z, v, side.in(labels), 2.F, 1.F, 1.F, d, side.out(own), side.out(cross));
    op_refined_logits(side.space, z, v, side.in(labels), 2.F, 2.F, 1.F, 1.F, d, side.out(share),
                      side.out(below));
    op_wttm(side.space, z, v, 2.F, true, 1.F, d, side.out(transformed));
    op_alpha_beta(side.space, z, v, 2.F, 0.8F, 0.3F, 1.F, d, side.out(powers));
    op_squared_error(side.space, z, v, 1.F, d, Write::overwrite, side.out(error));
    op_factor_cosine(side.space, z, v, 1.F, d, side.out(cosine));
    op_layer_norm_forward(side.space, side.in(ones), side.in(ones), 1e-5F, is_teacher ? v : z,
                          side.out(normal, classes, batch), side.out(moments, 2, batch));
    const auto value = [](Twin<float>& values, Index b) {
      return values.downloaded().view().data[b];
    };
    CAPTURE(classes, special, is_teacher, c);
    for (Index b = 0; b < batch; ++b) {
      const bool is_finite = b != 1;
      CHECK(std::isfinite(value(soft, b)) == is_finite);
      CHECK(std::isfinite(value(reverse, b)) == is_finite);
      CHECK(std::isfinite(value(jsd, b)) == is_finite);
      CHECK(std::isfinite(value(target, b) + value(rest, b)) == is_finite);
      CHECK(std::isfinite(value(own, b) + value(cross, b)) == is_finite);
      CHECK(std::isfinite(value(share, b) + value(below, b)) == is_finite);
      CHECK(std::isfinite(value(transformed, b)) == is_finite);
      CHECK(std::isfinite(value(powers, b)) == is_finite);
      CHECK(std::isfinite(value(error, b)) == is_finite);
      CHECK(std::isfinite(value(cosine, b)) == is_finite);
      CHECK(std::isfinite(value(normal, b * classes + c)) == is_finite);
      if (!is_teacher) CHECK(std::isfinite(value(hard, b)) == is_finite);
    }
  }
}
