// SPDX-License-Identifier: MIT
//
// Prints what it computes: with EIGEN_DEFAULT_TO_ROW_MAJOR, under which the matrices of users are
// row-major and kd's are not, it must print the same.
#include <cstdio>
#include <type_traits>

#include "kd/distill.hpp"

using namespace kd;

namespace {

static_assert(!Matrix<float>::IsRowMajor && !Bytes::IsRowMajor && !MatrixRef<double>::IsRowMajor);
static_assert(std::is_same_v<Labels, Eigen::VectorXi>);

template <class M>
void print(const char* what, const M& x) {
  std::printf("%s", what);
  for (Index j = 0; j < x.cols(); ++j)
    for (Index i = 0; i < x.rows(); ++i) std::printf(" %.9g", static_cast<double>(x(i, j)));
  std::printf("\n");
}

Eigen::MatrixXf random_inputs(Index features, Index samples, std::uint64_t seed) {
  Eigen::MatrixXf x(features, samples);
  Rng rng(seed);
  for (Index j = 0; j < samples; ++j)
    for (Index i = 0; i < features; ++i) x(i, j) = rng.symmetric(1.F);
  return x;
}

using Large = Sequential<Linear<6, 16>, ReLU, Dropout, Linear<16, 3>>;
using Small = Sequential<Linear<6, 5>, ReLU, Linear<5, 3>>;

}  // namespace

int main() {
  const Eigen::MatrixXf inputs = random_inputs(6, 50, 1);
  Eigen::VectorXi labels(50);
  for (Index i = 0; i < labels.size(); ++i) inputs.col(i).head(3).maxCoeff(&labels(i));

  const Dataset data(inputs, labels);
  print("data", data.inputs());
  const Eigen::Matrix<std::uint8_t, Eigen::Dynamic, Eigen::Dynamic> bytes =
      ((inputs.array() + 1) * 127).cast<std::uint8_t>();
  print("bytes", Dataset(bytes, labels).inputs());
  print("of an expression", Dataset(inputs * 0.5F, labels).inputs());

  Network<Large> teacher(Rng(0));
  fit(teacher, data, CrossEntropy{}, Adam{}, {.epochs = 2});
  print("teacher", map(teacher.params()));
  const Eigen::MatrixXf logits = teacher.predict(inputs);
  print("logits", logits);
  const Eigen::MatrixXf transposed = inputs.transpose();
  print("of a transpose", teacher.predict(transposed.transpose()));
  print("of some samples", teacher.predict(inputs.middleCols(7, 5)));
  print("of one sample", teacher.predict(inputs.col(3)));

  Network<Sequential<Linear<1, 2>>> narrow(Rng(2));
  print("of one feature", narrow.predict(inputs.row(2)));
  const Eigen::RowVectorXf row = inputs.row(2);
  print("of a row vector", narrow.predict(row));

  Network<Small> student(Rng(3));
  const CachedTeacher cached(logits);
  Distiller(cached, student, SoftTargets{}).fit(data, Sgd{}, {.epochs = 2});
  Distiller(teacher, student, Hint<2, 2>{}, RelationalKd<2, 2>{}, CorrelationKd{},
            SimilarityPreserving<2, 2>{})
      .fit(data, Adam{}, {.epochs = 2});
  print("student", map(student.params()));
  const FunctionTeacher function(
      3, [&](const Eigen::MatrixXf& x) -> Eigen::MatrixXf { return teacher.predict(x); });
  Distiller(function, student, SoftTargets{}).fit(data, Adam{});
  print("student of a function", map(student.params()));

  const Eigen::MatrixXf other = student.predict(inputs);
  print("cross-entropy", CrossEntropy{}(other, labels).gradient);
  print("smoothed", LabelSmoothing{}(other, labels).gradient);
  print("divergence", KlDivergence{}(other, logits).gradient);
  print("squares", Mse{}(other, logits).gradient);
  const Evaluation evaluation = evaluate(student, data);
  print("confusion", evaluation.confusion);
}
