// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cpu/own_class.hpp"

namespace kd::cpu {

/// What it costs to carry the student's distribution over to the teacher's, `values[b] = sum_ij
/// F_ij c_ij`, both softmaxes at T over the classes other than y, F the plan after `rounds` of
/// Sinkhorn's: `v = t / (K^T u)`, `u = s / (K v)`, `F = diag(u) K diag(v)`, `K = exp(-c / r)`, u
/// being all the same at first. Adds `scale` times the gradient, through all rounds, to `dlogits`.
/// `kernel` is K and `costs` is K c, element by element, (classes, classes) both; `room`:
/// ((9 + 2 rounds) classes, batch).
template <Real S>
void op_transport(const Space&, MatrixView<const S> student, MatrixView<const S> teacher,
                  VectorView<const Label> labels, MatrixView<const S> kernel,
                  MatrixView<const S> costs, S temperature, Index rounds, S scale,
                  MatrixView<S> dlogits, VectorView<S> values, MatrixView<S> room) {
  const Index classes = student.rows;
  const S cooling = S(1) / temperature;
  const auto k = map(kernel);
  const auto kc = map(costs);
  const double products = 2. * static_cast<double>(rounds + 1) * static_cast<double>(classes);
  parallel_for(student.cols, products * static_cast<double>(classes), [&](Index b) {
    const Index y = labels.data[b];
    const auto row = [&](Index i) {
      return VectorView<S>(room.data + b * room.rows + i * classes, classes);
    };
    auto s = map(row(0)), t = map(row(1)), u = map(row(2)), v = map(row(3));
    auto du = map(row(4)), dv = map(row(5)), ds = map(row(6)), da = map(row(7)), db = map(row(8));
    const auto per_b = [&](Index round) { return map(row(9 + 2 * round)); };
    const auto per_a = [&](Index round) { return map(row(10 + 2 * round)); };
    detail::exponentials_but(detail::sample(student, b), y, cooling, row(0));
    detail::exponentials_but(detail::sample(teacher, b), y, cooling, row(1));
    s /= s.sum();
    t /= t.sum();

    u.setConstant(S(1) / static_cast<S>(classes - 1));
    u(y) = 0;
    for (Index round = 0; round < rounds; ++round) {
      auto b_inverse = per_b(round), a_inverse = per_a(round);
      b_inverse.noalias() = k.transpose() * u;
      b_inverse = b_inverse.cwiseInverse();
      v = t.cwiseProduct(b_inverse);
      a_inverse.noalias() = k * v;
      a_inverse = a_inverse.cwiseInverse();
      u = s.cwiseProduct(a_inverse);
    }
    du.noalias() = kc * v;
    dv.noalias() = kc.transpose() * u;
    values.data[b] = u.dot(du);

    // Back through the rounds: a = K v, b = K^T u.
    ds.setZero();
    for (Index round = rounds - 1; round >= 0; --round) {
      const auto b_inverse = per_b(round), a_inverse = per_a(round);
      ds += du.cwiseProduct(a_inverse);
      da = -du.cwiseProduct(s).cwiseProduct(a_inverse.cwiseAbs2());
      dv.noalias() += k.transpose() * da;
      db = -dv.cwiseProduct(t).cwiseProduct(b_inverse.cwiseAbs2());
      du.noalias() = k * db;
      dv.setZero();
    }
    map(detail::sample(dlogits, b)) +=
        (scale * cooling) * s.cwiseProduct((ds.array() - s.dot(ds)).matrix());
  });
}

}  // namespace kd::cpu
