// SPDX-License-Identifier: MIT
//
// A training on the device that is broken off and begun again ends as one that was not.
#include <vector>

#include "cuda/twin.hpp"
#include "support/catch.hpp"
#include "support/interrupted.hpp"
#include "support/random_matrix.hpp"

using kd::Index;

namespace {

using Teacher = kd::Sequential<kd::Linear<6, 12>, kd::Dropout, kd::ReLU, kd::Linear<12, 4>>;
using Student = kd::Sequential<kd::Linear<6, 8>, kd::Dropout, kd::ReLU, kd::Linear<8, 4>>;
template <class Architecture>
using Net = kd::Network<Architecture, kd::cuda::Space>;

const kd::Dataset data{kd::test::random_matrix<float>(6, 50, 1), kd::test::random_labels(50, 4, 2),
                       4};
const kd::Adam adam{{.lr = 1e-2}};

kd::FitOptions options() {
  return {.epochs = 3,
          .batch_size = 11,
          .schedule = kd::CosineSchedule{},
          .capture_step = true,
          .validation = data,
          .keep_best = true};
}

template <class Architecture>
kd::Vector<float> weights(const Net<Architecture>& network) {
  return kd::map(kd::download(network).params());
}

}  // namespace

TEST_CASE("CUDA: training goes on from a checkpoint", "[cuda][checkpoint]") {
  kd::test::check_interrupted(options(), [](const kd::FitOptions& given, kd::FitReport& report) {
    Net<Student> network(kd::Rng(1));
    report = kd::fit(network, data, kd::CrossEntropy{}, adam, given);
    return weights(network);
  });
}

TEST_CASE("CUDA: distillation goes on from a checkpoint, with a method's weights and banks",
          "[cuda][checkpoint]") {
  const Net<Teacher> teacher(kd::Rng(2));
  kd::test::check_interrupted(options(), [&](const kd::FitOptions& given, kd::FitReport& report) {
    Net<Student> student(kd::Rng(1));
    const kd::NetworkTeacher noisy(teacher, kd::TeacherMode::training, 3);
    kd::Distiller distiller(noisy, student, kd::SoftTargets{}, kd::Hint<3, 3>{},
                            kd::Contrastive<3, 3>{{.width = 4, .negatives = 6}});
    report = distiller.fit(data, adam, given);
    return weights(student);
  });
}

TEST_CASE("CUDA: a student and its average go on from a checkpoint", "[cuda][checkpoint]") {
  kd::test::check_interrupted(options(), [](const kd::FitOptions& given, kd::FitReport& report) {
    Net<Student> student(kd::Rng(1));
    kd::MeanTeacher mean(student, {.decay = 0.8}, kd::HardLabels{}, kd::LogitMse{});
    report = mean.fit(data, adam, given);
    return std::vector<kd::Vector<float>>{weights(student), weights(mean.teacher())};
  });
}

TEST_CASE("CUDA: a checkpoint by time, while steps are checked late", "[cuda][checkpoint]") {
  const kd::test::TemporaryFolder folder;
  kd::FitOptions given = options();
  Net<Student> whole(kd::Rng(1));
  kd::fit(whole, data, kd::CrossEntropy{}, adam, given);
  // Nobody asks after each step: what is saved has been checked all the same.
  given.checkpoint = {.file = folder.path("run"), .every = std::chrono::seconds(0)};
  Net<Student> network(kd::Rng(1));
  kd::fit(network, data, kd::CrossEntropy{}, adam, given);
  CHECK(weights(network) == weights(whole));
}
