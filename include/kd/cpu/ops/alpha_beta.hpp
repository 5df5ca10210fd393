// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>

#include "kd/cpu/softmax_gap.hpp"

namespace kd::cpu {

namespace detail {

/// `(exp(x) - 1) / x` for `x <= 0`, 1 at 0.
template <Index N, Real S>
simd::Vector<S, N> exp_slope(const simd::Vector<S, N>& x) {
  using V = simd::Vector<S, N>;
  const V near = x * simd::exp_remainder<N, S>(x) + S(1);
  const V apart = (simd::exp_not_positive<N, S>(x) - S(1)) / x;
  return x < simd::spread<N>(-simd::small_exponent<S>) ? apart : near;
}

/// The divergence of two distributions with the powers `teacher` of p and `student` of q, both zero
/// or more (see `op_alpha_beta`), class by class.
///
/// With `m = |log p - log q|` every difference of powers is one power times `exp(-k m) - 1`, which
/// is `-k m exp_slope(-k m)`: the powers that formulas divide by cancel, and where one of them is 0
/// nothing special is left to do. So that no digits are lost either, the distribution with the
/// larger power goes first: the divergence is the same when both change places.
template <Real S>
struct AlphaBeta {
  S teacher, student;

  /// log p, log q and `gap = log p - log q`; the terms add up to the divergence.
  template <Index N>
  simd::Vector<S, N> term(const simd::Vector<S, N>& log_p, const simd::Vector<S, N>& log_q,
                          const simd::Vector<S, N>& gap) const {
    using V = simd::Vector<S, N>;
    const bool swap = teacher < student;
    const V& log_first = swap ? log_q : log_p;
    const V& log_second = swap ? log_p : log_q;
    const V d = swap ? -gap : gap;
    const V size = d < V{} ? -d : d;
    const S larger = std::max(teacher, student);
    const S smaller = std::min(teacher, student);
    const S both = larger + smaller;
    const auto is_close = size * both <= simd::spread<N>(simd::small_exponent<S>);
    const V power = simd::exp_not_positive<N, S>(log_first * both);
    if (larger == S(0)) return d * d * S(0.5);
    const V series = (simd::exp_remainder<N, S>(d * -both) * both -
                      simd::exp_remainder<N, S>(d * -smaller) * smaller) /
                     larger;
    const V near = power * d * d * series;
    const V mixed = simd::exp_not_positive<N, S>(log_first * larger + log_second * smaller);
    const V other = simd::exp_not_positive<N, S>(log_second * both);
    const auto leads = d > V{};
    const V difference = (leads ? power : mixed) * exp_slope<N, S>(size * -smaller) -
                         (leads ? power : other) * exp_slope<N, S>(size * -both);
    return is_close ? near : d * difference / larger;
  }

  /// The derivative of `term` by log q.
  template <Index N>
  simd::Vector<S, N> slope(const simd::Vector<S, N>& log_p, const simd::Vector<S, N>& log_q,
                           const simd::Vector<S, N>& gap) const {
    using V = simd::Vector<S, N>;
    const V of_teacher = gap > V{} ? log_p : log_q;
    const V size = gap < V{} ? -gap : gap;
    const V power = simd::exp_not_positive<N, S>(of_teacher * teacher + log_q * student);
    return -gap * power * exp_slope<N, S>(size * -teacher);
  }
};

}  // namespace detail

/// `values[b] = T^2 sum_c [a/(a+b) p^(a+b) + b/(a+b) q^(a+b) - p^a q^b] / (a b)`,
/// `p = softmax(v_b/T)`, `q = softmax(z_b/T)`, a the teacher's power and b the student's, zero or
/// more; for a = 0 or b = 0 the limit (Wang et al. 2025). Gradient `T (h - q sum_c h)`,
/// `h = q^b (q^a - p^a) / a`.
template <Real S>
void op_alpha_beta(const Space&, MatrixView<const S> student, MatrixView<const S> teacher,
                   S temperature, S teacher_power, S student_power, S scale, MatrixView<S> dlogits,
                   VectorView<S> values) {
  const Index classes = student.rows;
  const detail::AlphaBeta<S> divergence{teacher_power, student_power};
  detail::for_samples(student, 10, [&](Index b) {
    S* const room = scratch<S>(5 * classes);
    const VectorView<S> q{room, classes};
    const VectorView<S> p{room + classes, classes};
    const VectorView<S> gap{room + 2 * classes, classes};
    const VectorView<S> log_q{room + 3 * classes, classes};
    const VectorView<S> log_p{room + 4 * classes, classes};
    const VectorView<const S> z = detail::sample(student, b);
    const VectorView<const S> v = detail::sample(teacher, b);
    detail::compare_softmax(z, v, temperature, q, p, gap);
    detail::log_softmax(z, temperature, log_q);
    detail::log_softmax(v, temperature, log_p);
    cpu::PerSample<S, 1> value{}, mass{};
    for_slices<1, S>(classes, [&]<Index N>(const Slice<N>& slice) {
      simd::Vector<S, N> terms{}, slopes{};
      for (Index i = 0; i < slice.count; ++i) {
        const Index at = slice.first + i * slice.stride;
        const auto log_p_at = simd::load<N>(log_p.data + at);
        const auto log_q_at = simd::load<N>(log_q.data + at);
        const auto gap_at = simd::load<N>(gap.data + at);
        const auto slope = divergence.template slope<N>(log_p_at, log_q_at, gap_at);
        terms += divergence.template term<N>(log_p_at, log_q_at, gap_at);
        slopes += slope;
        simd::store(slope, p.data + at);
      }
      merge(terms, slice, value, std::plus<>());
      merge(slopes, slice, mass, std::plus<>());
    });
    values.data[b] = temperature * temperature * value[0];
    if (!dlogits.empty())
      array(detail::sample(dlogits, b)) += (scale * temperature) * (array(p) - mass[0] * array(q));
  });
}

}  // namespace kd::cpu
