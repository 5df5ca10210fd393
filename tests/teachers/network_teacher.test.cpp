// SPDX-License-Identifier: MIT
#include "kd/teachers/network_teacher.hpp"

#include "kd/methods/hint.hpp"
#include "kd/methods/soft_targets.hpp"
#include "kd/nn/dropout.hpp"
#include "kd/testing/check_method.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::random_labels;
using kd::test::random_matrix;

namespace {

using Dropping = Sequential<Linear<5, 30>, ReLU, Dropout, Linear<30, 4>>;

template <class N>
Matrix<float> ask(const NetworkTeacher<N>& teacher, const Matrix<float>& inputs,
                  typename NetworkTeacher<N>::Workspace& room) {
  return map(teacher.logits(Batch<float>{view(inputs), {}, {}}, room));
}

}  // namespace

TEST_CASE("in inference mode a teacher says what its network predicts",
          "[teachers][network_teacher]") {
  const Network<Dropping> network(Rng(1));
  const NetworkTeacher teacher(network, TeacherMode::inference);
  const Matrix<float> inputs = random_matrix<float>(5, 7, 2);
  auto room = teacher.make_workspace(7);
  CHECK(ask(teacher, inputs, room) == network.predict(inputs));
  CHECK(ask(teacher, inputs, room) == network.predict(inputs));
}

TEST_CASE("in training mode a teacher drops out anew in every step, the same in every run",
          "[teachers][network_teacher]") {
  const Network<Dropping> network(Rng(1));
  const NetworkTeacher teacher(network, TeacherMode::training, 5);
  const Matrix<float> inputs = random_matrix<float>(5, 7, 2);
  auto room = teacher.make_workspace(7);
  const Matrix<float> first = ask(teacher, inputs, room);
  const Matrix<float> second = ask(teacher, inputs, room);
  CHECK(first != network.predict(inputs));
  CHECK(first != second);
  auto again = teacher.make_workspace(7);
  CHECK(ask(teacher, inputs, again) == first);
  const NetworkTeacher other(network, TeacherMode::training, 6);
  auto other_room = other.make_workspace(7);
  CHECK(ask(other, inputs, other_room) != first);
}

TEST_CASE("hidden layers of a teacher in training mode can be tapped",
          "[teachers][network_teacher]") {
  const Network<Dropping, cpu::Space, double> network(Rng(1));
  const Network<kd::testing::SmallStudent, cpu::Space, double> student(Rng(2));
  const NetworkTeacher teacher(network, TeacherMode::inference);
  const auto report = kd::testing::check_method(Hint<1, 1>{}, teacher, student);
  INFO(report.message());
  CHECK(report.passed());
}

TEST_CASE("a distiller takes the teacher's mode as it is chosen", "[teachers][network_teacher]") {
  const Network<Dropping> network(Rng(1));
  const Dataset data(random_matrix<float>(5, 30, 3), random_labels(30, 4, 4), 4);
  const auto distilled = [&](const auto& teacher) {
    Network<Sequential<Linear<5, 4>>> student(Rng(2));
    Distiller(teacher, student, SoftTargets{}).fit(data, Adam{}, {.epochs = 2, .batch_size = 8});
    return Vector<float>(map(student.params()));
  };
  const Vector<float> plain = distilled(network);
  CHECK(distilled(NetworkTeacher(network, TeacherMode::inference)) == plain);
  const NetworkTeacher noisy(network, TeacherMode::training);
  CHECK(distilled(noisy) != plain);
  CHECK(distilled(noisy) == distilled(noisy));
}
