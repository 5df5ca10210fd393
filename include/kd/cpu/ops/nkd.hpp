// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>

#include "kd/cpu/own_class.hpp"

namespace kd::cpu {

namespace detail {

/// One class in the softmax of all: the exponential of its logit and the sum of the others', the
/// larger of which is about 1.
template <Real S>
struct OwnShare {
  S lift;  ///< what the others' exponentials are multiplied by
  S own, rest;
  S shifted;

  /// `rest_sum` is the sum of `exp(z_c - rest_max)` over the other classes.
  OwnShare(S z, S rest_max, S rest_sum) {
    const S max = std::max(z, rest_max);
    shifted = z - max;
    lift = std::exp(rest_max - max);
    own = std::exp(shifted);
    rest = rest_sum * lift;
  }
  S share() const { return own / (own + rest); }
  /// What is small beside 1 stays apart from it: of a sure student the loss is the rest.
  S log_share() const { return shifted - std::log1p((own - S(1)) + rest); }
};

}  // namespace detail

/// The two parts of normalised distillation (Yang et al. 2023):
/// `target[b] = -p_y log q_y` of plain softmaxes and `rest[b] = -T^2 sum_c p^_c log q^_c`, `^`
/// being a distribution at T over the classes other than y. Gradient `target_scale p_y (q -
/// onehot(y)) + T rest_scale (q^ - p^)`, the second not at y.
template <Real S>
void op_nkd(const Space&, MatrixView<const S> student, MatrixView<const S> teacher,
            VectorView<const Label> labels, S temperature, S target_scale, S rest_scale,
            MatrixView<S> dlogits, VectorView<S> target, VectorView<S> rest) {
  const Index classes = student.rows;
  const S cooling = S(1) / temperature;
  detail::for_samples(student, 5, [&](Index b) {
    S* const room = scratch<S>(3 * classes);
    const VectorView<S> q{room, classes};
    const VectorView<S> p{room + classes, classes};
    const VectorView<S> gap{room + 2 * classes, classes};
    const VectorView<const S> z = detail::sample(student, b);
    const VectorView<const S> v = detail::sample(teacher, b);
    const VectorView<S> dz = dlogits.empty() ? VectorView<S>{} : detail::sample(dlogits, b);
    const Index y = labels.data[b];

    const S z_max = detail::exponentials_but(z, y, S(1), q);
    const S v_max = detail::exponentials_but(v, y, S(1), p);
    const detail::OwnShare<S> q_own(z.data[y], z_max, array(q).sum());
    const S p_own = detail::OwnShare<S>(v.data[y], v_max, array(p).sum()).share();
    target.data[b] = -p_own * q_own.log_share();
    if (!dz.empty()) {
      const S pull = target_scale * p_own / (q_own.own + q_own.rest);
      array(dz) += (pull * q_own.lift) * array(q);
      dz.data[y] -= pull * q_own.rest;
    }

    detail::exponentials_but(z, y, cooling, q);
    detail::exponentials_but(v, y, cooling, p);
    const S log_sum = std::log(array(q).sum());
    detail::take_gap(z, v, z_max, v_max, cooling, q, p, gap);
    const S mean = (array(p) * ((array(z) - z_max) * cooling)).sum();
    rest.data[b] = temperature * temperature * (log_sum - mean);
    if (dz.empty()) return;
    detail::subtract_softmax<S>(q, p, gap);
    array(dz) += (temperature * rest_scale) * array(q);
  });
}

}  // namespace kd::cpu
