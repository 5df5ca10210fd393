// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kd/core/top_k_table.hpp"
#include "kd/cpu/ops/argmax.hpp"
#include "kd/cpu/softmax.hpp"

namespace kd::cpu {

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
    S sum = 0;
    for (Index i = k; i < classes; ++i) sum += std::exp((v[order[i]] - max) / temperature);
    table.tail.data[b] = max + temperature * std::log(sum / static_cast<S>(classes - k));
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

/// What the classes that were not kept add to the divergence. `target`, which comes in as log q,
/// becomes for them what the gradient pulls q towards. `log_each` is the logarithm of the teacher's
/// probability of one such class, all of them being equal.
template <Real S>
S missing_divergence(MissingMass missing, VectorView<const Label> kept, S log_each,
                     VectorView<S> target) {
  const auto others = static_cast<S>(target.size - kept.size);
  if (missing == MissingMass::renormalise || kept.size == target.size) {
    map(target).setZero();
    return S(0);
  }
  const S log_rest = log_each + std::log(others);
  const S rest = std::exp(log_rest);
  if (missing == MissingMass::uniform_tail) {
    for (Index i = 0; i < kept.size; ++i) target.data[kept.data[i]] = S(0);
    const S divergence = rest * log_each - (rest / others) * array(target).sum();
    map(target).setConstant(rest / others);
    return divergence;
  }
  for (Index i = 0; i < kept.size; ++i)
    target.data[kept.data[i]] = std::numeric_limits<S>::lowest();
  const S max = map(target).maxCoeff();
  array(target) = (array(target) - max).exp();
  for (Index i = 0; i < kept.size; ++i) target.data[kept.data[i]] = S(0);
  const S sum = array(target).sum();
  array(target) *= rest / sum;
  return rest * (log_rest - (max + std::log(sum)));
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
  const Index k = table.classes.rows;
  const bool knows_tail = classes > k && missing != MissingMass::renormalise;
  detail::for_samples(student, 4, [&](Index b) {
    const Index from = indices.data[b] - table.first_sample;
    const VectorView<const Label> kept = detail::sample(table.classes, from);
    const VectorView<const S> v = detail::sample(table.logits, from);
    S* const room = scratch<S>(2 * classes + k);
    const VectorView<S> log_q{room, classes};
    const VectorView<S> target{room + classes, classes};
    const VectorView<S> log_p{room + 2 * classes, k};
    detail::log_softmax(detail::sample(student, b), temperature, log_q);
    map(target) = map(log_q);
    // The first logit kept is the largest of all.
    array(log_p) = (array(v) - v.data[0]) / temperature;
    const S tail = (table.tail.data[from] - v.data[0]) / temperature;
    S sum = array(log_p).exp().sum();
    if (knows_tail) sum += static_cast<S>(classes - k) * std::exp(tail);
    array(log_p) -= std::log(sum);

    S divergence = detail::missing_divergence(missing, kept, tail - std::log(sum), target);
    for (Index i = 0; i < k; ++i) {
      const S p = std::exp(log_p.data[i]);
      divergence += p * (log_p.data[i] - log_q.data[kept.data[i]]);
      target.data[kept.data[i]] = p;
    }
    values.data[b] = temperature * temperature * detail::at_least_zero(divergence);
    if (!dlogits.empty())
      array(detail::sample(dlogits, b)) +=
          (scale * temperature) * (array(log_q).exp() - array(target));
  });
}

}  // namespace kd::cpu
