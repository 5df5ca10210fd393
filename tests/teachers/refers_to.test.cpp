// SPDX-License-Identifier: MIT
#include "kd/teachers/refers_to.hpp"

#include <vector>

#include "kd/distill/distiller.hpp"
#include "kd/methods/hint.hpp"
#include "kd/methods/soft_targets.hpp"
#include "kd/nn/linear.hpp"
#include "kd/optim/sgd.hpp"
#include "kd/schemes/teacher_assistant.hpp"
#include "kd/teachers/ensemble_teacher.hpp"
#include "kd/teachers/network_teacher.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;

namespace {

using Net = Network<Sequential<Linear<5, 6>, Linear<6, 4>>>;

/// A user's wrapper, which says what it asks.
struct Echo {
  using Scalar = float;
  using Space = cpu::Space;
  using Workspace = Net::Workspace;
  static constexpr Index static_classes = 4;

  const Net& network;
  const Space& space() const { return network.space(); }
  Index num_classes() const { return 4; }
  bool refers_to(const void* other) const { return detail::refers_to(network, other); }
  Workspace make_workspace(Index capacity) const { return network.make_workspace(capacity); }
  MatrixView<const float> logits(const Batch<float>& batch, Workspace& room) const {
    return network.logits(batch, room);
  }
};

template <class TeacherT>
void check_refused(const TeacherT& teacher, Net& student) {
  CHECK_THROWS_WITH(Distiller(teacher, student, SoftTargets()),
                    "Distiller: the student is its own teacher: make a copy of the network to "
                    "teach it");
}

}  // namespace

TEST_CASE("no student teaches itself, behind whatever wrapper", "[teachers][refers_to]") {
  Net student(Rng(1));
  const Net teacher(Rng(2));
  check_refused(student, student);
  const NetworkTeacher wrapped(student, TeacherMode::training);
  check_refused(wrapped, student);
  const EnsembleTeacher ensemble(MeanOfLogits{}, teacher, student);
  check_refused(ensemble, student);
  const EnsembleTeacher nested(MeanOfProbabilities{}, teacher, ensemble);
  check_refused(nested, student);
  const EnsembleTeacher deep(MeanOfLogits{}, teacher, wrapped);
  check_refused(deep, student);
  const Echo echo{student};
  check_refused(echo, student);
  check_refused(EnsembleTeacher(MeanOfLogits{}, echo), student);

  std::vector<Net> all(2, teacher);
  const EnsembleTeacher of_vector(MeanOfLogits{}, all);
  check_refused(of_vector, all[1]);

  const Net copy = student;  // is another network
  Distiller(copy, student, SoftTargets());
  const EnsembleTeacher others(MeanOfLogits{}, copy, teacher);
  Distiller(others, student, SoftTargets());
}

TEST_CASE("a chain of assistants names each network once", "[teachers][refers_to]") {
  const Net teacher(Rng(1));
  Net assistant(Rng(2));
  Net student(Rng(3));
  CHECK_THROWS_WITH(TeacherAssistant(teacher, assistant, assistant),
                    "TeacherAssistant: students 1 and 2 are the same network");
  CHECK_THROWS_AS(TeacherAssistant(student, assistant, student), ConfigError);
  const NetworkTeacher wrapped(student, TeacherMode::inference);
  CHECK_THROWS_AS(TeacherAssistant(wrapped, assistant, student), ConfigError);
  TeacherAssistant(teacher, assistant, student);
}

TEST_CASE("a distiller goes on only from weights that it still has", "[teachers][refers_to]") {
  const Net teacher(Rng(1));
  Net student(Rng(2));
  Distiller distiller(teacher, student, Hint<1, 1>{});
  const Dataset data(test::random_matrix<float>(5, 8, 1), test::random_labels(8, 4, 2), 4);
  distiller.fit(data, Sgd{});
  const auto taken = std::move(distiller.state<0>());
  CHECK_THROWS_WITH(distiller.fit(data, Sgd{}), ContainsSubstring("was moved out"));
}
