// SPDX-License-Identifier: MIT
//
// Who gives numbers that are not finite is named, and for which sample.
#include "kd/train/finite_samples.hpp"

#include <limits>

#include "kd/distill.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::random_labels;
using kd::test::random_matrix;

namespace {

using Net = Sequential<Linear<5, 6>, ReLU, Linear<6, 4>>;
constexpr float infinity = std::numeric_limits<float>::infinity();

/// 20 samples of which number 13 is far away.
Dataset make_data() {
  Matrix<float> inputs = random_matrix<float>(5, 20, 3);
  inputs(2, 13) = 100;
  return {inputs, random_labels(20, 4, 4), 4};
}

/// Gives infinity for the sample far away.
auto broken_function() {
  return FunctionTeacher(4, [](const MatrixRef<float>& x) {
    Matrix<float> logits = x.topRows(4);
    for (Index b = 0; b < x.cols(); ++b)
      if (x(2, b) > 50) logits(1, b) = infinity;
    return logits;
  });
}

/// Overflows in layer `layer` for the sample far away.
Network<Net> broken_network(Index layer) {
  Network<Net> network(Rng(1));
  auto params = map(network.params());
  if (layer == 1) params.segment(2 * 6, 6).setConstant(1e37F);  // of feature 2
  if (layer == 3) {
    params.head(36).setZero();
    params.segment(2 * 6, 6).setConstant(1e10F);
    params.segment(36, 24).setConstant(1e27F);
  }
  return network;
}

template <class TeacherT, class M>
std::string blamed(const TeacherT& teacher, const M& method, const Dataset& data) {
  Network<Net> student(Rng(2));
  const Vector<float> before = map(student.params());
  try {
    Distiller(teacher, student, method).fit(data, Sgd{}, {.batch_size = data.size()});
  } catch (const NumericError& error) {
    CHECK(map(student.params()) == before);
    return error.tensor;
  }
  return {};
}

}  // namespace

TEST_CASE("a live teacher whose logits are not finite is named", "[train][finite_samples]") {
  const Dataset data = make_data();
  CHECK(blamed(broken_function(), SoftTargets{}, data) ==
        "one of the logits of the teacher (sample 13)");
  CHECK(blamed(broken_network(3), SoftTargets{}, data) ==
        "one of the logits of the teacher (sample 13)");
  CHECK(blamed(broken_function(), LogitMse{}, data.slice(5, 10)) ==
        "one of the logits of the teacher (sample 13)");
  CHECK(blamed(broken_network(1), FactorCosine<1, 1>{}, data) ==
        "output of layer 1 of the teacher (sample 13)");
  const auto function = broken_function();
  const Network<Net> fine(Rng(4));
  CHECK(blamed(EnsembleTeacher(MeanOfLogits{}, fine, function), SoftTargets{}, data) ==
        "one of the logits of the teacher (sample 13)");
}

TEST_CASE("a student that is not finite is named before its teacher", "[train][finite_samples]") {
  Matrix<float> inputs = random_matrix<float>(5, 20, 3);
  inputs(1, 3) = 3e38F;
  inputs(2, 3) = -3e38F;
  const Dataset data(inputs, random_labels(20, 4, 4), 4);
  const Network<Net> teacher = broken_network(1);
  Network<Net> student(Rng(2));
  map(student.params()).head(30).setConstant(100);
  std::string tensor;
  try {
    Distiller(teacher, student, SoftTargets{}).fit(data, Sgd{}, {.batch_size = 20});
  } catch (const NumericError& error) {
    tensor = error.tensor;
  }
  CHECK(tensor == "output of layer 1");
}

TEST_CASE("a table of logits that are not finite is not made", "[train][finite_samples]") {
  const Dataset data = make_data();
  const auto message = ": expected finite logits of the teacher, got inf for sample 13";
  CHECK_THROWS_AS(CachedTeacher(broken_function(), data), DataError);
  CHECK_THROWS_WITH(CachedTeacher(broken_function(), data, 4),
                    std::string("CachedTeacher") + message);
  CHECK_THROWS_WITH(TopKTeacher(broken_function(), data, 2), std::string("TopKTeacher") + message);
  CHECK_THROWS_WITH(CachedFeatures(broken_network(3), data, Layers<1>{}),
                    ContainsSubstring("CachedFeatures: expected finite logits of the teacher, ") &&
                        ContainsSubstring(" for sample 13"));

  // ReLU makes zeros of what goes to minus infinity.
  Network<Net> hides(Rng(1));
  map(hides.params()).segment(2 * 6, 6).setConstant(-1e37F);
  CHECK_NOTHROW(CachedTeacher(hides, data));
  CHECK_THROWS_WITH(CachedFeatures(hides, data, Layers<1>{}),
                    "CachedFeatures: expected finite outputs of layer 1, got -inf for sample 13");
}

TEST_CASE("an evaluation whose loss is not finite says which logits", "[train][finite_samples]") {
  const Dataset data = make_data();
  CHECK_THROWS_AS(evaluate(broken_function(), data), DataError);
  CHECK_THROWS_WITH(evaluate(broken_function(), data, {.batch_size = 3}),
                    "evaluate: expected finite logits, got inf for sample 13");
  CHECK_THROWS_WITH(evaluate(broken_function(), data.slice(10, 10)),
                    "evaluate: expected finite logits, got inf for sample 3");

  // Classes that are ruled out are no fault.
  const FunctionTeacher rules_out(4, [](const MatrixRef<float>& x) {
    Matrix<float> logits = x.topRows(4);
    logits.row(3).setConstant(-infinity);
    return logits;
  });
  CHECK(detail::is_finite(
      evaluate(rules_out, Dataset(data.inputs(), random_labels(20, 3, 1), 4)).loss));
}
