// SPDX-License-Identifier: MIT
//
// Every entrance asks whether model and data fit, whatever the model is.
#include "kd/core/model_fits.hpp"

#include "kd/distill.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::random_labels;
using kd::test::random_matrix;

namespace {

using Net = Sequential<Linear<5, 4>>;
using Big = Sequential<Linear<5, 6>, ReLU, Linear<6, 4>>;

/// 20 samples of which number 7 has the label 63.
Dataset labels_too_large() {
  Labels labels = random_labels(20, 4, 2);
  labels(7) = 63;
  return {random_matrix<float>(5, 20, 1), labels};
}

Dataset features_too_few() { return {random_matrix<float>(3, 20, 1), random_labels(20, 4, 2), 4}; }

constexpr const char* wrong_label = "label of sample 7: expected 0 to 3, got 63";

/// Gives logits of a size of its own choice.
struct Liar {
  using Scalar = float;
  using Space = cpu::Space;
  using Workspace = Matrix<float>;
  static constexpr Index static_classes = dynamic;
  Index rows = 0;
  Index cols = 0;

  const Space& space() const { return space_; }
  Index num_classes() const { return 4; }
  Workspace make_workspace(Index) const { return Matrix<float>::Zero(rows, cols); }
  MatrixView<const float> logits(const Batch<float>&, Workspace& room) const {
    return view(std::as_const(room));
  }
  Space space_ = {};
};

/// Calls `check(run)` for every way to run a model of 5 features and 4 classes over data.
template <class F>
void for_each_entrance(F&& check) {
  const Network<Net> net(Rng(1));
  const FunctionTeacher function(4, [](const MatrixRef<float>& x) { return x.topRows(4).eval(); });
  const VirtualTeacher<> right(4);
  const EnsembleTeacher both(MeanOfLogits{}, net, function);
  const NetworkTeacher training(net, TeacherMode::training);

  const auto over_data = [&](const auto& model) {
    check([&](const Dataset& data) { evaluate(model, data); });
    check([&](const Dataset& data) { CachedTeacher(model, data); });
    check([&](const Dataset& data) { TopKTeacher(model, data, 2); });
    check([&](const Dataset& data) {
      Network<Net> student(Rng(2));
      Distiller(model, student, SoftTargets{}).fit(data, Sgd{});
    });
    check([&](const Dataset& data) {
      const EnsembleTeacher alone(MeanOfLogits{}, model);
      evaluate(alone, data);
    });
  };
  over_data(net);
  over_data(right);
  over_data(both);
  over_data(training);
  over_data(function);
  check([&](const Dataset& data) { CachedFeatures(net, data, Layers<1>{}); });
  Network<Net> student(Rng(2));
  check([&](const Dataset& data) { fit(student, data, CrossEntropy{}, Sgd{}); });
  check([&](const Dataset& data) {
    Network<Net> other(Rng(3));
    MutualLearning(MutualLearningOptions{}, student, other).fit(data, Sgd{});
  });
  check([&](const Dataset& data) { MeanTeacher(student, {}, HardLabels{}).fit(data, Sgd{}); });
  check([&](const Dataset& data) { BornAgain(net, {}, SoftTargets{}).fit(data, Sgd{}); });
  check([&](const Dataset& data) {
    Network<Net> assistant(Rng(3));
    TeacherAssistant(net, assistant, student).fit(data, Sgd{}, {}, SoftTargets{});
  });
}

}  // namespace

TEST_CASE("labels beyond a model's classes are refused at every entrance", "[core][model_fits]") {
  const Dataset data = labels_too_large();
  for_each_entrance([&](const auto& run) {
    CHECK_THROWS_AS(run(data), DataError);
    CHECK_THROWS_WITH(run(data), ContainsSubstring(wrong_label));
  });
}

TEST_CASE("a model that takes any features need not have in_features", "[core][model_fits]") {
  const Dataset data = labels_too_large();
  const FunctionTeacher function(
      3, [](const MatrixRef<float>& x) { return Matrix<float>::Zero(3, x.cols()).eval(); });
  CHECK_THROWS_WITH(evaluate(function, data), ContainsSubstring("expected 0 to 2, got"));
}

TEST_CASE("features that a model does not take are refused at every entrance that knows them",
          "[core][model_fits]") {
  const Dataset data = features_too_few();
  const Network<Net> net(Rng(1));
  Network<Net> student(Rng(2));
  const auto refuses = [&](const auto& run) {
    CHECK_THROWS_AS(run(), ShapeError);
    CHECK_THROWS_WITH(run(), ContainsSubstring("expected 5 features a sample, as the model takes, "
                                               "got 3"));
  };
  refuses([&] { evaluate(net, data); });
  refuses([&] { CachedTeacher(net, data); });
  refuses([&] { CachedFeatures(net, data, Layers<1>{}); });
  refuses([&] { net.predict(Matrix<float>::Zero(3, 2)); });
  refuses([&] { fit(student, data, CrossEntropy{}, Sgd{}); });
  refuses([&] { Distiller(net, student, SoftTargets{}).fit(data, Sgd{}); });
  refuses([&] { evaluate(EnsembleTeacher(MeanOfLogits{}, net, student), data); });
  CHECK_THROWS_WITH(net.predict(Matrix<float>::Zero(3, 5)),
                    ContainsSubstring("are the inputs (samples, features)? transpose them"));
}

TEST_CASE("logits of another size than the model says are refused", "[core][model_fits]") {
  const Dataset data(random_matrix<float>(5, 6, 1), random_labels(6, 4, 2), 4);
  for (const Liar& liar : {Liar{7, 6}, Liar{4, 5}}) {
    const std::string message = liar.rows == 7
                                    ? "expected 4 classes in the logits, as the model has, got 7"
                                    : "expected 6 samples in the logits, as in the batch, got 5";
    Network<Net> student(Rng(2));
    CHECK_THROWS_WITH(evaluate(liar, data), "evaluate: " + message);
    CHECK_THROWS_WITH(CachedTeacher(liar, data), "CachedTeacher: " + message);
    CHECK_THROWS_WITH(Distiller(liar, student, SoftTargets{}).fit(data, Sgd{}),
                      "Distiller, teacher: " + message);
  }
}

TEST_CASE("a chain of assistants is asked before its first link", "[core][model_fits]") {
  const Dataset data(random_matrix<float>(5, 6, 1), random_labels(6, 4, 2), 4);
  const Network<Big> teacher(Rng(1));
  Network<Net> assistant(Rng(2));
  const Vector<float> before = map(assistant.params());
  Network<Sequential<Linear<>>> student(Sequential(Linear<>(5, 3)), Rng(3));
  CHECK_THROWS_AS(TeacherAssistant(teacher, assistant, student).fit(data, Sgd{}, {}, SoftTargets{}),
                  ShapeError);
  CHECK(map(assistant.params()) == before);
}

TEST_CASE("generations stay where data does not fit", "[core][model_fits]") {
  const Dataset data(random_matrix<float>(5, 6, 1), random_labels(6, 4, 2), 4);
  const Network<Net> teacher(Rng(1));
  BornAgain family(teacher, {.generations = 2}, SoftTargets{});
  family.fit(data, Sgd{});
  CHECK_THROWS_AS(family.fit(features_too_few(), Sgd{}), ShapeError);
  CHECK(family.generations().size() == 2);
}
