// SPDX-License-Identifier: MIT
#include "kd/teachers/logits_room.hpp"

#include <utility>

#include "kd/nn/dropout.hpp"
#include "kd/nn/linear.hpp"
#include "kd/nn/relu.hpp"
#include "kd/teachers/cached_features.hpp"
#include "kd/teachers/cached_teacher.hpp"
#include "kd/teachers/ensemble_teacher.hpp"
#include "kd/teachers/network_teacher.hpp"
#include "kd/teachers/top_k_teacher.hpp"
#include "kd/teachers/virtual_teacher.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::random_labels;
using kd::test::random_matrix;

namespace {

using Net = Sequential<Linear<5, 8>, Dropout, ReLU, Linear<8, 4>>;
using Other = Sequential<Linear<5, 9>, Dropout, ReLU, Linear<9, 4>>;

/// Three samples, the first of a data set.
struct Three {
  Matrix<float> inputs = random_matrix<float>(5, 3, 1);
  Labels labels = random_labels(3, 4, 2);
  Vector<Index> indices = Vector<Index>::LinSpaced(3, 0, 2);
  Batch<float> batch() const { return {view(inputs), view(labels), view(indices)}; }
};

template <class T>
auto ask(const T& teacher, typename T::Workspace& room) {
  const Three three;
  return Matrix<float>(map(teacher.logits(three.batch(), room)));
}

Dataset samples() { return {random_matrix<float>(5, 6, 3), random_labels(6, 4, 4), 4}; }

/// A room for three serves; one for two, or for other classes, is refused.
template <class T>
void check_rooms(const T& teacher) {
  auto enough = teacher.make_workspace(3);
  CHECK(ask(teacher, enough).cols() == 3);
  auto small = teacher.make_workspace(2);
  CHECK_THROWS_AS(ask(teacher, small), ShapeError);
  CHECK_THROWS_AS(teacher.make_workspace(0), ConfigError);
  const auto taken = std::move(enough);
  CHECK_THROWS_AS(ask(teacher, enough), ConfigError);
}

}  // namespace

TEST_CASE("teachers refuse rooms for fewer samples", "[teachers][logits_room]") {
  const Network<Net> network(Rng(1));
  const Dataset data = samples();
  check_rooms(network);
  check_rooms(CachedTeacher(network, data));
  check_rooms(TopKTeacher(network, data, 2));
  check_rooms(CachedFeatures(network, data, Layers<1>{}));
  check_rooms(VirtualTeacher<>(4));
  check_rooms(NetworkTeacher(network, TeacherMode::training));
  check_rooms(EnsembleTeacher(MeanOfLogits{}, network));
}

TEST_CASE("teachers refuse rooms of others", "[teachers][logits_room]") {
  auto ten = VirtualTeacher<>(10).make_workspace(3);
  CHECK_THROWS_WITH(ask(VirtualTeacher<>(12), ten),
                    "VirtualTeacher: expected a workspace for 12 classes and 3 samples, got one "
                    "for 10 classes and 3 samples");

  const Network<Net> network(Rng(1));
  const Network<Other> other(Rng(1));
  auto room = other.make_workspace(3);
  CHECK_THROWS_AS(ask(network, room), ShapeError);
  CHECK_THROWS_AS(ask(CachedFeatures(network, samples(), Layers<1>{}), room), ShapeError);

  const NetworkTeacher calm(network, TeacherMode::inference);
  const NetworkTeacher noisy(network, TeacherMode::training);
  auto calm_room = calm.make_workspace(3);
  CHECK_THROWS_WITH(ask(noisy, calm_room),
                    "NetworkTeacher: the workspace was made by a teacher in the other mode");

  const EnsembleTeacher one(MeanOfLogits{}, network, other);
  const EnsembleTeacher two(MeanOfLogits{}, network, other);
  auto of_one = one.make_workspace(3);
  CHECK_THROWS_WITH(ask(two, of_one),
                    "EnsembleTeacher: the workspace was made by another ensemble");
  const auto copy = one;  // asks the same members
  CHECK(ask(copy, of_one) == ask(one, of_one));
}

TEST_CASE("members of an ensemble must take the same features", "[teachers][logits_room]") {
  using Sized = Sequential<Linear<>>;
  const Network<Sized> five(Sized(Linear<>(5, 4)), Rng(1));
  const Network<Sized> six(Sized(Linear<>(6, 4)), Rng(1));
  CHECK_THROWS_WITH(EnsembleTeacher(MeanOfLogits{}, five, six),
                    "EnsembleTeacher: expected 5 input features of every teacher, as the first "
                    "takes, got 6");
}

TEST_CASE("a table that was moved from says so", "[teachers][logits_room]") {
  CachedTeacher<> from(random_matrix<float>(4, 6, 1));
  auto room = from.make_workspace(3);
  const CachedTeacher<> to = std::move(from);
  CHECK(ask(to, room).cols() == 3);
  CHECK_THROWS_WITH(ask(from, room), ContainsSubstring("was it moved from?"));
}
