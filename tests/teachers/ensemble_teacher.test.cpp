// SPDX-License-Identifier: MIT
#include "kd/teachers/ensemble_teacher.hpp"

#include "kd/methods/soft_targets.hpp"
#include "kd/teachers/cached_teacher.hpp"
#include "kd/testing/check_method.hpp"
#include "kd/train/evaluate.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/logits.hpp"

using namespace kd;
using kd::test::entry;
using kd::test::FixedTeacher;
using kd::test::golden;
using kd::test::golden_vector;
using kd::test::on_logits;
using kd::test::random_labels;
using kd::test::random_matrix;
using kd::test::relative_distance;

namespace {

/// What a teacher says of any batch of this size.
template <class TeacherT>
auto logits_of(const TeacherT& teacher, Index samples) {
  using S = typename TeacherT::Scalar;
  auto room = teacher.make_workspace(samples);
  const Batch<S> batch{MatrixView<const S>(nullptr, 0, samples), {}, {}};
  return Matrix<S>(map(teacher.logits(batch, room)));
}

}  // namespace

TEST_CASE("both means of an ensemble are what PyTorch gives", "[teachers][ensemble_teacher]") {
  const std::string name = "ensemble/";
  const Matrix<double> all = golden(name + "teachers");
  const std::vector<FixedTeacher<double>> members{FixedTeacher<double>(entry(all, 0, 10)),
                                                  FixedTeacher<double>(entry(all, 1, 10)),
                                                  FixedTeacher<double>(entry(all, 2, 10))};
  const Matrix<double> student = golden(name + "student");
  const Labels labels = Labels::Zero(student.cols());
  const Vector<double> temperatures = golden_vector(name + "temperatures");
  for (Index i = 0; i < temperatures.size(); ++i) {
    const double temperature = temperatures(i);
    INFO("temperature " << temperature);
    const SoftTargets method{{.temperature = temperature, .hard_weight = 0, .soft_weight = 1}};
    const auto check = [&](const auto& ensemble, const std::string& mean) {
      const auto loss = on_logits(method, ensemble, student, labels);
      CHECK_THAT(loss.value, WithinRel(golden_vector(name + mean + "_value")(i), 1e-12));
      const Matrix<double> gradients = golden(name + mean + "_gradient");
      CHECK(relative_distance(loss.gradient, entry(gradients, i, 10), 1e-6) < 1e-9);
    };
    const EnsembleTeacher logits(MeanOfLogits{}, members[0], members[1], members[2]);
    CHECK(relative_distance(logits_of(logits, 6), golden(name + "mean_logits"), 1e-6) < 1e-12);
    check(logits, "mean_logits");
    const EnsembleTeacher probabilities(MeanOfProbabilities{.temperature = temperature}, members);
    const Matrix<double> means = golden(name + "mean_probabilities");
    CHECK(relative_distance(logits_of(probabilities, 6), entry(means, i, 10), 1e-6) < 1e-12);
    check(probabilities, "mean_probabilities");
  }
}

TEST_CASE("the two means of an ensemble differ", "[teachers][ensemble_teacher]") {
  // One member is sure of class 0, the other of class 1, and surer.
  const FixedTeacher<double> one(Matrix<double>{{9}, {0}, {0}});
  const FixedTeacher<double> other(Matrix<double>{{0}, {20}, {0}});
  const auto share = [](const Matrix<double>& logits) {
    const Matrix<double> e = logits.array().exp();
    return e(0) / e.sum();
  };
  CHECK(share(logits_of(EnsembleTeacher(MeanOfProbabilities{}, one, other), 1)) ==
        Approx(0.5).margin(1e-3));
  CHECK(share(logits_of(EnsembleTeacher(MeanOfLogits{}, one, other), 1)) < 0.01);
}

TEST_CASE("an ensemble of one is that one", "[teachers][ensemble_teacher]") {
  const Matrix<double> logits = random_matrix<double>(5, 4, 1, 1e4);
  const FixedTeacher<double> one(logits);
  CHECK(logits_of(EnsembleTeacher(MeanOfLogits{}, one), 4) == logits);
  const Matrix<double> got =
      logits_of(EnsembleTeacher(MeanOfProbabilities{.temperature = 3}, one), 4);
  const Matrix<double> shift = got - logits;  // the same for all classes of a sample
  CHECK((shift.rowwise() - 0 * shift.row(0))
            .colwise()
            .maxCoeff()
            .isApprox(shift.colwise().minCoeff(), 1e-9));
}

TEST_CASE("students learn from an ensemble of different teachers", "[teachers][ensemble_teacher]") {
  using Wide = kd::testing::SmallTeacher;
  using Narrow = kd::testing::SmallStudent;
  const Network<Wide, cpu::Space, double> wide(Rng(1));
  const Network<Narrow, cpu::Space, double> narrow(Rng(2));
  const Network<Narrow, cpu::Space, double> student(Rng(3));
  const CachedTeacher cached(wide, kd::testing::make_data(student, {}));
  const EnsembleTeacher ensemble(MeanOfProbabilities{.temperature = 4}, wide, narrow, cached);
  CHECK(ensemble.size() == 3);
  const auto report = kd::testing::check_method(SoftTargets{}, ensemble, student);
  INFO(report.message());
  CHECK(report.passed());
}

TEST_CASE("an ensemble is a model that can be evaluated and cached",
          "[teachers][ensemble_teacher]") {
  using Net = Sequential<Linear<5, 4>>;
  const std::vector<Network<Net>> members{Network<Net>(Rng(1)), Network<Net>(Rng(2))};
  const EnsembleTeacher ensemble(MeanOfLogits{}, members);
  const Dataset data(random_matrix<float>(5, 30, 3), random_labels(30, 4, 4), 4);
  const Matrix<float> mean =
      (members[0].predict(data.inputs()) + members[1].predict(data.inputs())) / 2;
  Index errors = 0;
  for (Index b = 0; b < 30; ++b) {
    Index best = 0;
    mean.col(b).maxCoeff(&best);
    errors += best != data.labels().data[b] ? 1 : 0;
  }
  CHECK(evaluate(ensemble, data).errors == errors);
  CHECK(evaluate(CachedTeacher(ensemble, data), data).errors == errors);
}

TEST_CASE("an ensemble says what does not fit", "[teachers][ensemble_teacher]") {
  using Net = Sequential<Linear<dynamic, dynamic>>;
  const Network<Net> four(Net(Linear<>(5, 4)), Rng(1));
  const Network<Net> six(Net(Linear<>(5, 6)), Rng(1));
  const Network<Net> narrow(Net(Linear<>(3, 4)), Rng(1));
  CHECK_THROWS_AS(EnsembleTeacher(MeanOfLogits{}, four, six), ShapeError);
  CHECK_THROWS_WITH(
      EnsembleTeacher(MeanOfLogits{}, four, six),
      "EnsembleTeacher: expected 4 classes of every teacher, as the first has, got 6");
  CHECK_THROWS_WITH(EnsembleTeacher(MeanOfProbabilities{.temperature = 0}, four),
                    "MeanOfProbabilities: temperature must be positive and finite, got 0");
  const std::vector<Network<Net>> none;
  CHECK_THROWS_WITH(EnsembleTeacher(MeanOfLogits{}, none),
                    "EnsembleTeacher: expected at least one teacher, got 0");
  CHECK_THROWS_WITH(EnsembleTeacher(MeanOfLogits{}, four, narrow),
                    "EnsembleTeacher: expected 5 input features of every teacher, as the first "
                    "takes, got 3");
  const EnsembleTeacher thin(MeanOfLogits{}, narrow);
  const Dataset data(random_matrix<float>(5, 30, 3), random_labels(30, 4, 4), 4);
  CHECK_THROWS_WITH(
      evaluate(thin, data),
      "EnsembleTeacher, member: expected 3 features a sample, as the model takes, got 5");
}
