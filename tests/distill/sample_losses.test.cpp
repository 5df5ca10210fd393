// SPDX-License-Identifier: MIT
#include "kd/distill/sample_losses.hpp"

#include "kd/distill.hpp"
#include "support/catch.hpp"
#include "support/maps.hpp"
#include "support/random_matrix.hpp"

using namespace kd;

namespace {

using Net = Network<Sequential<Linear<5, 6>, ReLU, Linear<6, 4>>>;
using Wide = Network<Sequential<Linear<5, 60>, ReLU, Linear<60, 4>>>;

Dataset samples(Index features = 5) {
  return {test::random_matrix<float>(features, 8, 1), test::random_labels(8, 4, 2), 4};
}

/// One step on all eight samples with a state that was made for `capacity` samples of `of`.
template <class StudentT = Net, class M, class TeacherT, class N>
void step(const M& method, const TeacherT& teacher, const N& of, Index capacity) {
  StudentT student(Rng(2));
  const Dataset data = samples(student.in_features());
  auto state = method.make_state(teacher, of, capacity);
  if constexpr (requires { method.prepare(data, state); }) method.prepare(data, state);
  auto room = teacher.make_workspace(8);
  auto tape = student.make_workspace(8, Mode::training);
  Loader<float> loader(data, 8);
  const Batch<float> batch = loader.batch(0);
  const auto logits = teacher.logits(batch, room);
  student.forward(batch.inputs, tape);
  const Tape<float>* features = nullptr;
  if constexpr (detail::HasFeatures<TeacherT>) features = &room;
  Vector<double> totals = Vector<double>::Zero(static_cast<Index>(M::terms.size()));
  const auto [params, grads] = detail::weights_for<M>(student);
  method.accumulate(DistillStep<float, cpu::Space>{student.space(), batch, logits, features, tape,
                                                   Progress{}, view(totals), params, grads},
                    state);
}

template <class StudentT = Net, class M, class TeacherT>
void check_small_room(const M& method, const TeacherT& teacher) {
  const StudentT student(Rng(2));
  step<StudentT>(method, teacher, student, 8);
  CHECK_THROWS_AS(step<StudentT>(method, teacher, student, 5), ShapeError);
}

}  // namespace

TEST_CASE("every method refuses a state for fewer samples", "[distill][sample_losses]") {
  const Net teacher(Rng(1));
  check_small_room(AdversarialTemperature(), teacher);
  check_small_room(AlphaBeta(), teacher);
  check_small_room(Contrastive<1, 1>({.width = 4, .negatives = 3}), teacher);
  check_small_room(CorrelationKd(), teacher);
  check_small_room(DecoupledKd(), teacher);
  check_small_room(FactorCosine<1, 1>(), teacher);
  check_small_room(GeneralizedJsd(), teacher);
  check_small_room(HardLabels(), teacher);
  check_small_room(Hint<1, 1>(), teacher);
  check_small_room(LogitMse(), teacher);
  check_small_room(LogitStandardization(), teacher);
  check_small_room(MultiLevel(), teacher);
  check_small_room(Nkd(), teacher);
  check_small_room(ProbabilisticTransfer<1, 1>(), teacher);
  check_small_room(RefinedLogits(), teacher);
  check_small_room(RelationalKd<1, 1>(), teacher);
  check_small_room(ReverseKl(), teacher);
  check_small_room(SimilarityPreserving<1, 1>(), teacher);
  check_small_room(SoftTargets(), teacher);
  check_small_room(TopK(), TopKTeacher(teacher, samples(), 2));
  check_small_room(VariationalTransfer<1, 1>(), teacher);
  check_small_room(WassersteinLogits(class_costs(teacher)), teacher);
  check_small_room(Wttm(), teacher);
}

TEST_CASE("every method on maps refuses a state for fewer samples", "[distill][sample_losses]") {
  using Student = Network<test::MapStudent>;
  const Network<test::MapTeacher> teacher(Rng(1));
  check_small_room<Student>(AttentionTransfer<1, 1>(), teacher);
  check_small_room<Student>(Hint<1, 1>(), teacher);
  check_small_room<Student>(Pooled<SimilarityPreserving, 1, 1>(), teacher);
  check_small_room<Student>(WassersteinFeatures<1, 1>(), teacher);
  check_small_room<Student>(CatKd(), teacher);
  check_small_room<Student>(ScaleDecoupled(DecoupledKd(), {.levels = 2}), teacher);
}

TEST_CASE("a method on maps refuses a state for other layers", "[distill][sample_losses]") {
  using Student = Network<test::MapStudent>;
  const Network<test::MapTeacher> teacher(Rng(1));
  CHECK_THROWS_WITH(step<Student>(AttentionTransfer<1, 1>(), teacher, teacher, 8),
                    "AttentionTransfer: expected 60 features of the student's layer, as the state "
                    "was made for, got 36");
  CHECK_THROWS_WITH(
      step<Student>(WassersteinFeatures<3, 1>(), teacher, Network<test::MapTeacher>(Rng(1)), 8),
      "WassersteinFeatures: expected 60 features of the student's layer, as the state was made "
      "for, got 36");
}

TEST_CASE("a method with a map refuses a state for other layers", "[distill][sample_losses]") {
  const Net teacher(Rng(1));
  const Wide wide(Rng(1));
  CHECK_THROWS_WITH(step(Hint<1, 1>(), teacher, wide, 8),
                    "Hint: expected 60 features of the student's layer, as the state was made for, "
                    "got 6");
  CHECK_THROWS_AS(step(VariationalTransfer<1, 1>(), teacher, wide, 8), ShapeError);
  CHECK_THROWS_AS(step(Contrastive<1, 1>({.width = 4, .negatives = 3}), teacher, wide, 8),
                  ShapeError);
}

TEST_CASE("classes to draw from must be made of a data set", "[distill][sample_losses]") {
  CHECK_THROWS_AS(OtherClasses<>().draw(cpu::Space(), Rng(1), {}, {}, {}), ConfigError);
}
