// SPDX-License-Identifier: MIT
//
// Without a gradient to write, every operation on logits gives the values that it gives with one,
// writes each of them, and nothing beside them.
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "kd/cpu/ops/alpha_beta.hpp"
#include "kd/cpu/ops/correlation_kd.hpp"
#include "kd/cpu/ops/cross_entropy.hpp"
#include "kd/cpu/ops/decoupled_kd.hpp"
#include "kd/cpu/ops/generalized_jsd.hpp"
#include "kd/cpu/ops/label_smoothing.hpp"
#include "kd/cpu/ops/learned_temperature.hpp"
#include "kd/cpu/ops/nkd.hpp"
#include "kd/cpu/ops/refined_logits.hpp"
#include "kd/cpu/ops/reverse_kl.hpp"
#include "kd/cpu/ops/soft_targets.hpp"
#include "kd/cpu/ops/squared_error.hpp"
#include "kd/cpu/ops/top_k.hpp"
#include "kd/cpu/ops/weigh.hpp"
#include "kd/cpu/ops/wttm.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::random_labels;
using kd::test::random_matrix;

namespace {

constexpr cpu::Space space{};
constexpr Index classes = 6;
constexpr Index batch = 5;
constexpr double untouched = -7;  // what stands around values

/// Logits of both, and labels, of which the teacher finds one the least likely class.
struct Inputs {
  Matrix<double> student = random_matrix<double>(classes, batch, 1, 3);
  Matrix<double> teacher = random_matrix<double>(classes, batch, 2, 3);
  Labels labels = random_labels(batch, classes, 3);

  Inputs() { teacher(labels(2), 2) = -4; }
  MatrixView<const double> z() const { return view(student); }
  MatrixView<const double> v() const { return view(teacher); }
  VectorView<const Label> y() const { return view(labels); }
};

/// One value of each sample, or of each class.
using Values = VectorView<double>;
using Run = std::function<void(const Inputs&, MatrixView<double> dz, Values first, Values second)>;

struct Operation {
  std::string name;
  Index first, second;  // how many values
  Run run;
};

Run top_k(MissingMass missing) {
  return [missing](const Inputs& in, MatrixView<double> dz, Values values, Values) {
    Matrix<Label> kept(2, batch);
    Matrix<double> logits(2, batch);
    Vector<double> tail(batch);
    cpu::op_top_k<double>(space, in.v(), 2., {view(kept), view(logits), view(tail), 0});
    const Vector<Index> indices{{4, 0, 1, 3, 2}};
    const TopKTable<const double, cpu::Space> table{
        view(std::as_const(kept)), view(std::as_const(logits)), view(std::as_const(tail)), 0};
    cpu::op_top_k_divergence<double>(space, in.z(), table, view(indices), 2., missing, 1., dz,
                                     values);
  };
}

Run wttm(bool is_weighted) {
  return [is_weighted](const Inputs& in, MatrixView<double> dz, Values values, Values) {
    cpu::op_wttm<double>(space, in.z(), in.v(), 2., is_weighted, 1., dz, values);
  };
}

void correlation_kd(const Inputs& in, MatrixView<double> dz, Values inter, Values intra) {
  Matrix<double> q(classes, batch), p(classes, batch), dq(classes, batch);
  cpu::op_correlation_kd<double>(space, in.z(), in.v(), 2., 1., 1., view(q), view(p), view(dq), dz,
                                 inter, intra);
}

void learned_temperature(const Inputs& in, MatrixView<double> dz, Values values, Values slopes) {
  const Vector<double> theta = Vector<double>::Constant(1, 0.3);
  Vector<double> dtheta = Vector<double>::Zero(1);
  cpu::op_learned_temperature<double>(space, in.z(), in.v(), view(theta), 1., 4., 1., 1., dz,
                                      view(dtheta), values, slopes);
}

void weigh(const Inputs& in, MatrixView<double> dz, Values values, Values) {
  const Vector<double> weights{{0.5, 2, 0, 1, 3}};
  map(values).setConstant(2);  // what is weighed
  cpu::op_weigh<double>(space, view(weights), in.z(), dz, Write::add, values);
}

const std::vector<Operation>& operations() {
  using M = MatrixView<double>;
  using V = Values;
  using In = Inputs;
  static const std::vector<Operation> all{
      {"cross_entropy", batch, 0,
       [](const In& in, M dz, V a, V) {
         cpu::op_cross_entropy<double>(space, in.z(), in.y(), 1., dz, Write::add, a);
       }},
      {"label_smoothing", batch, 0,
       [](const In& in, M dz, V a, V) {
         cpu::op_label_smoothing<double>(space, in.z(), in.y(), 0.1, 1., dz, Write::add, a);
       }},
      {"squared_error", batch, 0,
       [](const In& in, M dz, V a, V) {
         cpu::op_squared_error<double>(space, in.z(), in.v(), 1., dz, Write::add, a);
       }},
      {"soft_targets", batch, batch,
       [](const In& in, M dz, V a, V b) {
         cpu::op_soft_targets<double>(space, in.z(), in.v(), in.y(), 2., 0.3, 0.7, dz, Write::add,
                                      a, b);
       }},
      {"reverse_kl", batch, 0,
       [](const In& in, M dz, V a, V) {
         cpu::op_reverse_kl<double>(space, in.z(), in.v(), 2., 1., dz, a);
       }},
      {"generalized_jsd", batch, 0,
       [](const In& in, M dz, V a, V) {
         cpu::op_generalized_jsd<double>(space, in.z(), in.v(), 2., 0.25, 1., dz, a);
       }},
      {"alpha_beta", batch, 0,
       [](const In& in, M dz, V a, V) {
         cpu::op_alpha_beta<double>(space, in.z(), in.v(), 2., 0.75, 0.25, 1., dz, a);
       }},
      {"decoupled_kd", batch, batch,
       [](const In& in, M dz, V a, V b) {
         cpu::op_decoupled_kd<double>(space, in.z(), in.v(), in.y(), 2., 1., 1., dz, a, b);
       }},
      {"nkd", batch, batch,
       [](const In& in, M dz, V a, V b) {
         cpu::op_nkd<double>(space, in.z(), in.v(), in.y(), 2., 1., 1., dz, a, b);
       }},
      {"refined_logits", batch, batch,
       [](const In& in, M dz, V a, V b) {
         cpu::op_refined_logits<double>(space, in.z(), in.v(), in.y(), 2., 3., 1., 1., dz, a, b);
       }},
      {"wttm", batch, 0, wttm(false)},
      {"wttm, weighted", batch, 0, wttm(true)},
      {"top_k, renormalised", batch, 0, top_k(MissingMass::renormalise)},
      {"top_k, tail bucket", batch, 0, top_k(MissingMass::tail_bucket)},
      {"top_k, uniform tail", batch, 0, top_k(MissingMass::uniform_tail)},
      {"correlation_kd", batch, classes, correlation_kd},
      {"learned_temperature", batch, batch, learned_temperature},
      {"weigh", batch, 0, weigh},
  };
  return all;
}

/// The values, with one that is to stay as it is before, between and behind them.
Vector<double> values_of(const Operation& op, const Inputs& in, MatrixView<double> dz) {
  Vector<double> all = Vector<double>::Constant(op.first + op.second + 3, untouched);
  const Values first = view(all).slice(1, op.first);
  const Values second = view(all).slice(op.first + 2, op.second);
  map(first).setConstant(std::numeric_limits<double>::quiet_NaN());
  map(second).setConstant(std::numeric_limits<double>::quiet_NaN());
  op.run(in, dz, first, second);
  return all;
}

}  // namespace

TEST_CASE("losses are the same where no gradient is asked for", "[cpu][loss_alone]") {
  const Inputs in, before;
  for (const Operation& op : operations()) {
    INFO(op.name);
    const Vector<double> alone = values_of(op, in, {});
    Matrix<double> gradient = Matrix<double>::Zero(classes, batch);
    CHECK(alone == values_of(op, in, view(gradient)));
    CHECK_FALSE(gradient.isZero(0));
    CHECK(alone(0) == untouched);
    CHECK(alone(op.first + 1) == untouched);
    CHECK(alone(alone.size() - 1) == untouched);
  }
  CHECK(in.student == before.student);
  CHECK(in.teacher == before.teacher);
}
