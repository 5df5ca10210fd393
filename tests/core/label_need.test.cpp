// SPDX-License-Identifier: MIT
//
// Whatever reads labels or targets says so before any work where the data set has none.
#include "kd/core/label_need.hpp"

#include "kd/distill.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::random_labels;
using kd::test::random_matrix;

namespace {

using Net = Sequential<Linear<5, 6>, ReLU, Linear<6, 4>>;

Dataset bare() { return Dataset(random_matrix<float>(5, 20, 1)); }
Dataset partly_labelled() {
  Labels labels = random_labels(20, 4, 2);
  labels(3) = labels(4) = -1;
  return bare().with_labels(labels, {.classes = 4, .ignore = -1});
}

/// Reads every label and does not say so.
struct Silent {
  static constexpr std::array<const char*, 1> terms{"silent"};
  std::array<double, 1> weights(const Progress&) const { return {1}; }
  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT&, const StudentT& student, Index capacity) const {
    return detail::make_sample_losses<1>(student, capacity);
  }
  template <Real S, class Space>
  void accumulate(const DistillStep<S, Space>& step, SampleLosses<S, Space, 1>&) const {
    op_cross_entropy(step.space, step.student.logits(), step.batch.labels, S(1),
                     step.student.grad(step.student.depth()), Write::add, VectorView<S, Space>{});
  }
};

/// What distilling with a method says of a data set, and checks that it changed nothing.
template <class... Methods>
std::string distil(const Dataset& data, const Methods&... methods) {
  const Network<Net> teacher(Rng(1));
  Network<Net> student(Rng(2));
  const Vector<float> before = map(student.params());
  try {
    Distiller(teacher, student, methods...).fit(data, Sgd{{.lr = 0.1}}, {.batch_size = 8});
  } catch (const DataError& error) {
    CHECK(map(student.params()) == before);
    return error.what();
  }
  CHECK(map(student.params()).allFinite());
  CHECK(map(student.params()) != before);
  return "";
}

}  // namespace

TEST_CASE("the teacher's word is enough for methods that read no labels", "[core][label_need]") {
  CHECK(distil(bare(), SoftTargets{{.hard_weight = 0}}) == "");
  CHECK(distil(bare(), LogitMse{}, Hint<2, 2>{}) == "");
  CHECK(distil(bare(), LogitStandardization{}) == "");
  CHECK(distil(partly_labelled(), SoftTargets{{.hard_weight = 0}}) == "");
}

TEST_CASE("a method that reads labels says so", "[core][label_need]") {
  const std::string needs_labels = " needs labels, and the data set has none";
  CHECK(distil(bare(), SoftTargets{}) == "Distiller::fit: the method \"hard\"" + needs_labels);
  CHECK(distil(bare(), LogitMse{}, HardLabels{}) ==
        "Distiller::fit: the method \"hard\"" + needs_labels);
  CHECK(distil(bare(), DecoupledKd{}) == "Distiller::fit: the method \"target\"" + needs_labels);
  CHECK(distil(bare(), Nkd{}) == "Distiller::fit: the method \"target\"" + needs_labels);
  CHECK(distil(bare(), RefinedLogits{}) ==
        "Distiller::fit: the method \"confidence\"" + needs_labels);
  CHECK(distil(bare(), Contrastive<2, 2>{}) ==
        "Distiller::fit: the method \"contrast of student\"" + needs_labels);
  CHECK(distil(bare(), LogitStandardization(DecoupledKd{})) ==
        "Distiller::fit: the method \"target\"" + needs_labels);
  CHECK(distil(bare(), Silent{}) ==
        "Distiller::fit: the method \"silent\", which does not say its label_need() and is taken "
        "to read them all," +
            needs_labels);
  CHECK(distil(bare(), HardTargets{}) ==
        "Distiller::fit: the method \"targets\" needs targets, and the data set has none: "
        "data.with_targets(matrix)");
}

TEST_CASE("some methods do with ignored labels, others need all", "[core][label_need]") {
  CHECK(distil(partly_labelled(), SoftTargets{}) == "");
  CHECK(distil(partly_labelled(), LogitMse{}, HardLabels(LabelSmoothing{})) == "");
  CHECK(distil(partly_labelled(), DecoupledKd{}) ==
        "Distiller::fit: the method \"target\" needs the label of every sample, and the data set "
        "has 2 ignored of 20");
  CHECK(distil(partly_labelled().slice(5, 10), DecoupledKd{}) == "");  // none of them is in there
}

TEST_CASE("losses, schemes, teachers and evaluation say so, too", "[core][label_need]") {
  Network<Net> net(Rng(1));
  Network<Net> peer(Rng(2));
  CHECK_THROWS_WITH(fit(net, bare(), CrossEntropy{}, Adam{}),
                    "fit: the loss needs labels, and the data set has none");
  CHECK_THROWS_WITH(fit(net, bare(), Mse{}, Adam{}),
                    "fit: the loss needs targets, and the data set has none: "
                    "data.with_targets(matrix)");
  CHECK_THROWS_WITH(fit(net, bare().with_targets(Matrix<float>::Zero(3, 20)), Mse{}, Adam{}),
                    "fit: expected 4 targets a sample, as the model gives numbers, got 3");
  CHECK_THROWS_WITH(evaluate(net, bare()),
                    "evaluate: needs labels or targets, and the data set has neither");

  MutualLearning both(MutualLearningOptions{}, net, peer);
  CHECK_THROWS_WITH(both.fit(bare(), Adam{}), StartsWith("MutualLearning::fit: a hard_weight"));
  MutualLearning alone(MutualLearningOptions{.hard_weight = 0}, net, peer);
  CHECK(alone.fit(bare(), Adam{}).epochs[0].terms[0].value == 0);

  const VirtualTeacher<> right(4);
  CHECK_THROWS_WITH(Distiller(right, net, LogitMse{}).fit(bare(), Adam{}),
                    "Distiller::fit, teacher: the model needs labels, and the data set has none");
  CHECK_THROWS_AS(CachedTeacher(right, bare()), DataError);
  CHECK_THROWS_AS(CachedTeacher(right, partly_labelled()), DataError);
  const EnsembleTeacher two(MeanOfLogits{}, peer, right);
  CHECK_THROWS_AS(Distiller(two, net, LogitMse{}).fit(bare(), Adam{}), DataError);
  const CachedTeacher table(peer, bare());
  CHECK_NOTHROW(Distiller(table, net, LogitMse{}).fit(bare(), Adam{}));
}
