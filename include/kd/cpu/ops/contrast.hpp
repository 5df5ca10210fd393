// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kd/core/finite.hpp"
#include "kd/core/matrix.hpp"
#include "kd/core/parallel.hpp"
#include "kd/core/random.hpp"
#include "kd/cpu/philox.hpp"
#include "kd/cpu/prefetch.hpp"
#include "kd/cpu/space.hpp"

/// The parts of contrastive distillation (Tian et al. 2020). Embeddings are (width, batch), a
/// memory bank (width, samples of the data set), both with columns of length 1.
namespace kd::cpu {

/// Draws samples of other classes, each as likely as the next: `drawn` (negatives, batch). `order`
/// lists the samples class after class, `begins[c]` is where class c begins in it, and after the
/// last class the list ends. Number k of sample i comes from `rng.word(i * row + k)`, `row` being
/// the negatives rounded up to whole 64, whatever its place in the batch.
inline void op_draw_other_classes(const Space&, Rng rng, VectorView<const Index> indices,
                                  VectorView<const Label> labels,
                                  VectorView<const std::int32_t> order,
                                  VectorView<const std::int32_t> begins,
                                  MatrixView<std::int32_t> drawn) {
  const Index groups = (drawn.rows + 63) / 64;
  parallel_for(indices.size, 8. * 64 * static_cast<double>(groups), [&](Index b) {
    const std::int32_t begin = begins.data[labels.data[b]];
    const std::int32_t skipped = begins.data[labels.data[b] + 1] - begin;
    const auto others = static_cast<std::uint64_t>(order.size - skipped);
    for (Index g = 0; g < groups; ++g) {
      const auto words =
          random_group(rng, static_cast<std::uint64_t>(indices.data[b] * groups + g));
      const Index count = std::min<Index>(64, drawn.rows - g * 64);
      for (Index k = 0; k < count; ++k) {
        const auto place =
            static_cast<std::int32_t>(words[static_cast<std::size_t>(k)] * others >> 32);
        drawn.data[b * drawn.rows + g * 64 + k] =
            order.data[place < begin ? place : place + skipped];
      }
    }
  });
}

/// `normaliser = n mean exp(<a, m> / temperature)` over all pairs that `op_contrast` looks at.
template <Real S>
void op_contrast_normaliser(const Space&, MatrixView<const S> anchors, MatrixView<const S> bank,
                            VectorView<const Index> own, MatrixView<const std::int32_t> drawn,
                            S temperature, VectorView<S> normaliser) {
  double sum = 0;
  for (Index b = 0; b < anchors.cols; ++b) {
    const auto likeness = [&](Index sample) {
      const S cosine = map(anchors).col(b).dot(map(bank).col(sample));
      return std::exp(static_cast<double>(cosine / temperature));
    };
    sum += likeness(own.data[b]);
    for (Index k = 0; k < drawn.rows; ++k) sum += likeness(drawn.data[k + b * drawn.rows]);
  }
  const auto pairs = static_cast<double>(anchors.cols * (drawn.rows + 1));
  *normaliser.data = static_cast<S>(static_cast<double>(bank.cols) * sum / pairs);
}

/// Tells a sample's own entry in the bank from K others: `values[b] = -log h(own) -
/// sum_k log(1 - h(drawn_k))`, `h(m) = x / (x + K / n)`, `x = exp(<a, m> / temperature) /
/// normaliser`, n being the entries of the bank, which are constants. `danchors` is overwritten
/// with `scale` times the gradient.
template <Real S>
void op_contrast(const Space&, MatrixView<const S> anchors, MatrixView<const S> bank,
                 VectorView<const Index> own, MatrixView<const std::int32_t> drawn,
                 VectorView<const S> normaliser, S temperature, S scale, MatrixView<S> danchors,
                 VectorView<S> values) {
  constexpr Index chunk = 64;  // negatives at a time: they stay in cache for the second look
  constexpr Index ahead = 8;   // entries lie anywhere: they are asked for so many before their turn
  const Index width = anchors.rows;
  const S share = static_cast<S>(drawn.rows) / static_cast<S>(bank.cols);
  const S offset = std::log(*normaliser.data) + std::log(share);  // h = sigmoid(<,> / T - offset)
  const auto softplus = [](const auto& x) { return x.max(S(0)) + (-x.abs()).exp().log1p(); };
  const auto sigmoid = [](const auto& x) { return (S(1) + (-x).exp()).inverse(); };
  parallel_for(anchors.cols, 4. * static_cast<double>(width * drawn.rows), [&](Index b) {
    const auto anchor = map(anchors).col(b);
    auto gradient = map(danchors).col(b);
    const auto entry = [&](Index sample) { return map(bank).col(sample); };
    const auto odds_of = [&](Index sample) {
      return anchor.dot(entry(sample)) / temperature - offset;
    };
    Eigen::Array<S, 1, 1> own_odds(odds_of(own.data[b]));
    S value = softplus(-own_odds).value();
    gradient = -sigmoid(-own_odds).value() * entry(own.data[b]);
    for (Index first = 0; first < drawn.rows; first += chunk) {
      const std::int32_t* const samples = drawn.data + b * drawn.rows + first;
      const Index count = std::min(chunk, drawn.rows - first);
      S room[chunk] = {};  // g++ 12 does not see that all that is read was written
      auto odds = array(VectorView<S>{room, count});
      for (Index k = 0; k < count; ++k) {
        if (first + k + ahead < drawn.rows) prefetch(bank.data + samples[k + ahead] * width, width);
        odds(k) = odds_of(samples[k]);
      }
      value += softplus(odds).sum();
      odds = sigmoid(odds);
      Index k = 0;
      for (; k + 4 <= count; k += 4)  // the gradient is read and written once for four
        gradient += odds(k) * entry(samples[k]) + odds(k + 1) * entry(samples[k + 1]) +
                    odds(k + 2) * entry(samples[k + 2]) + odds(k + 3) * entry(samples[k + 3]);
      for (; k < count; ++k) gradient += odds(k) * entry(samples[k]);
    }
    values.data[b] = value;
    gradient *= scale / temperature;
  });
}

/// Moves each sample's own entry towards its embedding: `m = momentum m + (1 - momentum) u`, made
/// 1 long again. An embedding that is not finite moves nothing.
template <Real S>
void op_move_bank(const Space&, MatrixView<const S> unit, VectorView<const Index> own, S momentum,
                  MatrixView<S> bank) {
  for (Index b = 0; b < unit.cols; ++b) {
    if (!kd::detail::all_finite(unit.data + b * unit.rows, unit.rows)) continue;
    auto entry = map(bank).col(own.data[b]);
    entry = momentum * entry + (S(1) - momentum) * map(unit).col(b);
    const S length = entry.norm();
    if (length > S(0)) entry *= S(1) / length;
  }
}

}  // namespace kd::cpu
