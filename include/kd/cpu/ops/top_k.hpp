// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kd/core/top_k_table.hpp"
#include "kd/cpu/ops/argmax.hpp"
#include "kd/cpu/softmax_gap.hpp"

namespace kd::cpu {

namespace detail {

/// `T log mean_j exp(z_j / T)` of `count` logits whose largest is `max`: the logit that gives as
/// many equal classes their sum. `lack`: the sum of `exp((z_j - max) / T) - 1`.
template <Real S>
S shared_logit(S max, S lack, S count, S temperature) {
  const S mean = lack / count;
  // Above half of `max`, where 1 + mean would lose digits of the mean; below, it has none to lose.
  return max + temperature * (mean > S(-0.5) ? std::log1p(mean) : std::log((count + lack) / count));
}

}  // namespace detail

/// Keeps the largest logits of every sample, of equal ones those of the first classes (NaN is
/// larger than any number), and for the rest the logit that gives as many equal classes their sum:
/// `tail = T log mean_j exp(v_j / T)`. logits: (classes, batch); how many are kept, the table says.
template <Real S>
void op_top_k(const Space&, MatrixView<const S> logits, S temperature, TopKTable<S, Space> table) {
  const Index classes = logits.rows;
  const Index k = table.classes.rows;
  for (Index b = 0; b < logits.cols; ++b) {
    const S* const v = logits.data + b * classes;
    Label* const order = scratch<Label>(classes);
    std::iota(order, order + classes, Label{0});
    std::partial_sort(order, order + k, order + classes, [v](Label i, Label j) {
      return detail::is_above(v[i], v[j]) || (i < j && !detail::is_above(v[j], v[i]));
    });
    for (Index i = 0; i < k; ++i) {
      table.classes.data[b * k + i] = order[i];
      table.logits.data[b * k + i] = v[order[i]];
    }
    table.tail.data[b] = S(0);
    if (k == classes) continue;
    const S max = v[*std::max_element(order + k, order + classes, [v](Label i, Label j) {
      return detail::is_above(v[j], v[i]);
    })];
    if (max < std::numeric_limits<S>::lowest()) {  // the others are impossible
      table.tail.data[b] = max;
      continue;
    }
    S lack = 0;
    for (Index i = k; i < classes; ++i) lack += std::expm1((v[order[i]] - max) / temperature);
    table.tail.data[b] = detail::shared_logit(max, lack, static_cast<S>(classes - k), temperature);
  }
}

/// `logits[:, b]` = those of the table for sample `indices[b]`, with the tail for every other class
template <Real S>
void op_fill_logits(const Space&, TopKTable<const S, Space> table, VectorView<const Index> indices,
                    MatrixView<S> logits) {
  const Index k = table.classes.rows;
  for (Index b = 0; b < indices.size; ++b) {
    const Index from = indices.data[b] - table.first_sample;
    const VectorView<S> out = detail::sample(logits, b);
    map(out).setConstant(table.tail.data[from]);
    for (Index i = 0; i < k; ++i)
      out.data[table.classes.data[from * k + i]] = table.logits.data[from * k + i];
  }
}

namespace detail {

/// The divergence, and in `change` what the gradient is T times of, where only the k classes kept
/// are compared: `KL(p~ || q~) - log sum_K q` with `q~ = q / sum_K q`, in which nothing cancels.
/// `room`: 4 k.
template <Real S>
S renormalised_divergence(VectorView<const S> z, VectorView<const Label> kept,
                          VectorView<const S> v, S temperature, S* room, VectorView<S> change) {
  const Index k = kept.size;
  const VectorView<S> known{room, k};
  const VectorView<S> among{room + k, k};
  const VectorView<S> p{room + 2 * k, k};
  const VectorView<S> gap{room + 3 * k, k};
  for (Index i = 0; i < k; ++i) known.data[i] = z.data[kept.data[i]];
  S divergence = compare_softmax<S>(known, v, temperature, among, p, gap);
  subtract_softmax<S>(among, p, gap);

  const S max = map(z).maxCoeff();
  const S known_max = map(known).maxCoeff();
  array(change) = ((array(z) - max) / temperature).exp();
  for (Index i = 0; i < k; ++i) change.data[kept.data[i]] = S(0);
  const S others = array(change).sum();
  const S shift = (known_max - max) / temperature;
  const S known_sum = ((array(known) - known_max) / temperature).exp().sum();
  const S sum = others + std::exp(shift) * known_sum;
  const S rest = others / sum;
  divergence -= rest < S(0.5) ? std::log1p(-rest) : shift + std::log(known_sum) - std::log(sum);
  array(change) *= S(1) / sum;
  for (Index i = 0; i < k; ++i)
    change.data[kept.data[i]] = among.data[i] - rest * (p.data[i] + among.data[i]);
  return divergence;
}

/// The same where the teacher's probability of the rest counts. One class for the rest is as many
/// equal ones that have its sum: with these in the place of the student's, it is `KL(p || q)`.
/// `room`: 5 (classes).
template <Real S>
S tail_divergence(VectorView<const S> z, VectorView<const Label> kept, VectorView<const S> v,
                  S tail, S temperature, bool is_one_class, S* room, VectorView<S> change) {
  const Index classes = z.size;
  const VectorView<S> teacher{room, classes};
  const VectorView<S> p{room + classes, classes};
  const VectorView<S> gap{room + 2 * classes, classes};
  const auto at_kept = [&](VectorView<S> x, auto value) {
    for (Index i = 0; i < kept.size; ++i) x.data[kept.data[i]] = value(i);
  };
  // The first logit kept is the largest. Below it by so much probabilities are zero, while from
  // minus infinity there is no gap.
  map(teacher).setConstant(std::max(tail, v.data[0] - S(1000) * temperature));
  at_kept(teacher, [&](Index i) { return v.data[i]; });
  if (!is_one_class) {
    const S divergence = compare_softmax<S>(z, teacher, temperature, change, p, gap);
    subtract_softmax<S>(change, p, gap);
    return divergence;
  }
  const VectorView<S> student{room + 3 * classes, classes};
  const VectorView<S> shares{room + 4 * classes, classes};
  map(student) = map(z);
  at_kept(student, [](Index) { return std::numeric_limits<S>::lowest(); });
  const S max = map(student).maxCoeff();
  array(shares) = ((array(student) - max) / temperature).expm1();
  at_kept(shares, [](Index) { return S(0); });
  const auto others = static_cast<S>(classes - kept.size);
  const S lack = array(shares).sum();
  map(student).setConstant(shared_logit(max, lack, others, temperature));
  at_kept(student, [&](Index i) { return z.data[kept.data[i]]; });
  const S divergence = compare_softmax<S>(student, teacher, temperature, change, p, gap);
  subtract_softmax<S>(change, p, gap);
  // What the rest gets is shared out as the student's softmax among them has it.
  array(shares) = (array(shares) + S(1)) * (others / (others + lack));
  at_kept(shares, [](Index) { return S(1); });
  array(change) *= array(shares);
  return divergence;
}

}  // namespace detail

/// The divergence of the student from a teacher of whom the k largest logits are known, times T^2;
/// `indices[b]` is the sample's place in the table. With `q = softmax(z/T)`, p likewise and K the
/// classes kept:
/// - renormalise: `sum_K p~ (log p~ - log q)`, `p~ = p / sum_K p`; gradient `T (q - p~)`
/// - tail_bucket: `sum_K p (log p - log q) + p_rest (log p_rest - log q_rest)`; gradient
///   `T (q - p)` in K, `T q (1 - p_rest / q_rest)` outside
/// - uniform_tail: `KL(p || q)` with `p_j = p_rest / (C - k)` outside K; gradient `T (q - p)`
template <Real S>
void op_top_k_divergence(const Space&, MatrixView<const S> student, TopKTable<const S, Space> table,
                         VectorView<const Index> indices, S temperature, MissingMass missing,
                         S scale, MatrixView<S> dlogits, VectorView<S> values) {
  const Index classes = student.rows;
  const bool knows_tail = classes > table.classes.rows && missing != MissingMass::renormalise;
  detail::for_samples(student, 4, [&](Index b) {
    const Index from = indices.data[b] - table.first_sample;
    const VectorView<const S> z = detail::sample(student, b);
    const VectorView<const Label> kept = detail::sample(table.classes, from);
    const VectorView<const S> v = detail::sample(table.logits, from);
    S* const room = scratch<S>(6 * classes);
    const VectorView<S> change{room, classes};
    const S divergence =
        knows_tail
            ? detail::tail_divergence(z, kept, v, table.tail.data[from], temperature,
                                      missing == MissingMass::tail_bucket, room + classes, change)
            : detail::renormalised_divergence(z, kept, v, temperature, room + classes, change);
    values.data[b] = temperature * temperature * divergence;
    if (!dlogits.empty())
      array(detail::sample(dlogits, b)) += (scale * temperature) * array(change);
  });
}

}  // namespace kd::cpu
