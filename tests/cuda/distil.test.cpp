// SPDX-License-Identifier: MIT
//
// Methods and schemes, whole: they end with the CPU's weights.
#include <cmath>

#include "cuda/twin.hpp"
#include "support/catch.hpp"

using kd::Index;

namespace {

using Teacher = kd::Sequential<kd::Linear<6, 12>, kd::ReLU, kd::Linear<12, 4>>;
using Student = kd::Sequential<kd::Linear<6, 8>, kd::ReLU, kd::Linear<8, 4>>;

/// 50 samples: with batches of 16 the last one is smaller.
kd::Dataset some_data() {
  kd::Rng rng(3);
  kd::Labels labels(50);
  for (Index i = 0; i < 50; ++i) labels(i) = static_cast<kd::Label>(rng.below(4));
  kd::Matrix<float> inputs(6, 50);
  for (Index i = 0; i < inputs.size(); ++i) inputs.data()[i] = rng.symmetric(1.F);
  return kd::Dataset(std::move(inputs), std::move(labels), 4);
}

const kd::FitOptions options{.epochs = 3, .batch_size = 16};
const kd::Adam adam{{.lr = 1e-2}};

template <class Architecture>
double distance(const kd::Network<Architecture>& host,
                const kd::Network<Architecture, kd::cuda::Space>& device) {
  const auto copy = kd::download(device);
  return (kd::map(host.params()) - kd::map(copy.params())).norm() / kd::map(host.params()).norm();
}

/// A teacher and a student on both sides.
struct Pair {
  kd::Dataset data = some_data();
  kd::Network<Teacher> teacher = kd::Network<Teacher>(kd::Rng(1));
  kd::Network<Student> student = kd::Network<Student>(kd::Rng(2));
  kd::Network<Teacher, kd::cuda::Space> device_teacher = kd::upload(teacher);
  kd::Network<Student, kd::cuda::Space> device_student = kd::upload(student);
};

/// Distils on both sides with some methods; the distance of the students' weights.
template <class... Methods>
double distance_after(const Methods&... methods) {
  Pair p;
  kd::Distiller(p.teacher, p.student, methods...).fit(p.data, adam, options);
  kd::Distiller(p.device_teacher, p.device_student, methods...).fit(p.data, adam, options);
  return distance(p.student, p.device_student);
}

}  // namespace

TEST_CASE("CUDA: methods on logits train there", "[cuda]") {
  CHECK(distance_after(kd::DecoupledKd{}) < 1e-4);
  CHECK(distance_after(kd::ReverseKl{}) < 1e-4);
  CHECK(distance_after(kd::GeneralizedJsd{}) < 1e-4);
  CHECK(distance_after(kd::Nkd{}) < 1e-4);
  CHECK(distance_after(kd::Wttm{}, kd::Wttm{{.weighted_samples = false}}) < 1e-4);
  CHECK(distance_after(kd::RefinedLogits{}) < 1e-4);
  CHECK(distance_after(kd::AlphaBeta{}) < 1e-4);
  CHECK(distance_after(kd::MultiLevel{}) < 1e-4);
  CHECK(distance_after(kd::WassersteinLogits(kd::class_costs(Pair().teacher),
                                             {.transport_weight = 10})) < 1e-4);
  CHECK(distance_after(kd::LogitMse{}) < 1e-4);
  CHECK(distance_after(kd::LogitStandardization(kd::SoftTargets{{.hard_weight = 0}})) < 1e-4);
  CHECK(distance_after(kd::CorrelationKd{}, kd::AdversarialTemperature{{.ramp_epochs = 1}}) < 1e-4);
}

TEST_CASE("CUDA: methods on hidden features train there", "[cuda]") {
  CHECK(distance_after(kd::Hint<2, 2>{}) < 1e-4);  // widths differ: it trains a regressor there
  CHECK(distance_after(kd::VariationalTransfer<2, 2>{}) < 1e-4);
  CHECK(distance_after(kd::FactorCosine<3, 3>{}) < 1e-4);
  CHECK(distance_after(kd::SimilarityPreserving<2, 2>{{.weight = 1}}) < 1e-4);
  CHECK(distance_after(kd::ProbabilisticTransfer<2, 2>{{.weight = 10}}) < 1e-4);
  CHECK(distance_after(kd::RelationalKd<2, 2>{}) < 1e-4);
  CHECK(distance_after(kd::Contrastive<2, 2>{{.width = 5, .negatives = 70}}) < 1e-4);
}

TEST_CASE("CUDA: a teacher of whom the largest logits were kept teaches there", "[cuda]") {
  Pair p;
  const kd::TopKTeacher table(p.teacher, p.data, 2);
  const kd::TopKTeacher device_table(p.device_teacher, p.data, 2);
  kd::Distiller(table, p.student, kd::TopK{}, kd::SoftTargets{}).fit(p.data, adam, options);
  kd::Distiller(device_table, p.device_student, kd::TopK{}, kd::SoftTargets{})
      .fit(p.data, adam, options);
  CHECK(distance(p.student, p.device_student) < 1e-4);
}

TEST_CASE("CUDA: tables come and go", "[cuda]") {
  Pair p;
  const kd::TopKTeacher table(p.teacher, p.data, 2);
  const kd::TopKTeacher<float, kd::cuda::Space> uploaded(table.kept());
  CHECK(uploaded.kept().classes == table.kept().classes);
  CHECK(uploaded.kept().logits == table.kept().logits);
  CHECK(uploaded.kept().tail == table.kept().tail);
  const kd::CachedTeacher logits(p.teacher, p.data);
  const kd::CachedTeacher<float, kd::cuda::Space> uploaded_logits(logits.kept());
  CHECK(uploaded_logits.kept() == logits.kept());
}

TEST_CASE("CUDA: a teacher whose features were kept teaches there", "[cuda]") {
  Pair p;
  const kd::CachedFeatures table(p.teacher, p.data, kd::Layers<2>{});
  const kd::CachedFeatures device_table(p.device_teacher, p.data, kd::Layers<2>{});
  kd::Distiller(table, p.student, kd::Hint<2, 2>{}).fit(p.data, adam, options);
  kd::Distiller(device_table, p.device_student, kd::Hint<2, 2>{}).fit(p.data, adam, options);
  CHECK(distance(p.student, p.device_student) < 1e-4);
}

TEST_CASE("CUDA: batches have what is known of their samples there", "[cuda]") {
  const Index resident_bytes = GENERATE(-1, 0);
  CAPTURE(resident_bytes);
  const kd::cuda::Space space({.resident_bytes = resident_bytes});
  const kd::Dataset bare(some_data().inputs());
  kd::Labels labels = kd::map(some_data().labels());
  labels(13) = labels(40) = -1;
  const kd::Dataset all = bare.with_labels(labels, {.classes = 4, .ignore = -1})
                              .with_targets(some_data().inputs().topRows(3))
                              .with_class_weights(std::vector<double>{1, 0.5, 2, 3});
  for (const kd::Dataset& data : {bare, all, all.slice(12, 30)}) {
    kd::Loader<float> host(data, 16);
    kd::Loader<float, kd::cuda::Space> device(data, 16, space);
    host.shuffle(kd::Rng(1));
    device.shuffle(kd::Rng(1));
    for (Index i = 0; i < host.batches(); ++i) {
      const auto expected = host.batch(i);
      const auto got = device.batch(i);
      REQUIRE(got.size() == expected.size());
      REQUIRE(got.labels.size == expected.labels.size);
      REQUIRE(got.targets.rows == expected.targets.rows);
      REQUIRE(got.weights.size == expected.weights.size);
      if (expected.labels.empty()) continue;
      kd::Labels got_labels(got.size());
      kd::Matrix<float> targets(3, got.size());
      kd::Vector<float> weights(got.size());
      op_download(space, got.labels, kd::view(got_labels));
      op_download(space, got.targets.flat(), kd::view(targets).flat());
      op_download(space, got.weights, kd::view(weights));
      CHECK(got_labels == kd::map(expected.labels));
      CHECK(targets == kd::map(expected.targets));
      CHECK(weights == kd::map(expected.weights));
    }
  }

  Pair p;
  const kd::Matrix<float> said = p.teacher.predict(bare.inputs());
  const kd::Dataset aimed =
      bare.with_labels(labels, {.classes = 4, .ignore = -1}).with_targets(said);
  kd::Distiller(p.teacher, p.student, kd::LogitMse{}, kd::SoftTargets{}, kd::HardTargets{})
      .fit(aimed, adam, options);
  kd::Distiller(p.device_teacher, p.device_student, kd::LogitMse{}, kd::SoftTargets{},
                kd::HardTargets{})
      .fit(aimed, adam, options);
  CHECK(distance(p.student, p.device_student) < 1e-4);
  const kd::Evaluation host = kd::evaluate(p.student, aimed);
  const kd::Evaluation device = kd::evaluate(p.device_student, aimed);
  CHECK(device.mean_squared_error == Approx(host.mean_squared_error).epsilon(1e-3));
  CHECK(device.loss == Approx(host.loss).epsilon(1e-3));
  kd::fit(p.student, bare.with_targets(said), kd::Mse{}, adam, options);
  kd::fit(p.device_student, bare.with_targets(said), kd::Mse{}, adam, options);
  CHECK(distance(p.student, p.device_student) < 1e-3);
}

TEST_CASE("CUDA: slices and subsets keep their place in the whole there", "[cuda]") {
  const Index resident_bytes = GENERATE(-1, 0);
  const bool with_gaps = GENERATE(false, true);
  CAPTURE(resident_bytes, with_gaps);
  const kd::cuda::Space space({.resident_bytes = resident_bytes});
  const kd::Dataset whole = some_data();
  const kd::Dataset part = with_gaps ? kd::without_classes(whole, {1}) : whole.slice(12, 30);
  kd::Loader<float> host(part, 16);
  kd::Loader<float, kd::cuda::Space> device(part, 16, space);
  for (const bool shuffled : {false, true}) {
    if (shuffled) {
      host.shuffle(kd::Rng(1));
      device.shuffle(kd::Rng(1));
    }
    for (Index i = 0; i < host.batches(); ++i) {
      const auto expected = host.batch(i);
      const auto got = device.batch(i);
      kd::Vector<Index> indices(got.size());
      kd::Labels labels(got.size());
      kd::Matrix<float> inputs(6, got.size());
      op_download(space, got.indices, kd::view(indices));
      op_download(space, got.labels, kd::view(labels));
      op_download(space, got.inputs.flat(), kd::view(inputs).flat());
      CHECK(indices == kd::map(expected.indices));
      CHECK(labels == kd::map(expected.labels));
      CHECK(inputs == kd::map(expected.inputs));
    }
  }

  Pair p;
  const kd::Dataset& known = with_gaps ? whole : part;
  const auto after = [&](const auto& table, const auto& device_table, const auto& method) {
    auto student = p.student;
    auto device_student = p.device_student;
    kd::Distiller(table, student, method).fit(part, adam, options);
    kd::Distiller(device_table, device_student, method).fit(part, adam, options);
    return distance(student, device_student);
  };
  const kd::SoftTargets soft;
  CHECK(after(kd::CachedTeacher(p.teacher, known), kd::CachedTeacher(p.device_teacher, known),
              soft) < 1e-4);
  CHECK(after(kd::TopKTeacher(p.teacher, known, 2), kd::TopKTeacher(p.device_teacher, known, 2),
              kd::TopK{}) < 1e-4);
  CHECK(after(kd::TopKTeacher(p.teacher, known, 2), kd::TopKTeacher(p.device_teacher, known, 2),
              soft) < 1e-4);
  CHECK(after(kd::CachedFeatures(p.teacher, known, kd::Layers<2>{}),
              kd::CachedFeatures(p.device_teacher, known, kd::Layers<2>{}),
              kd::SimilarityPreserving<2, 2>{{.weight = 1}}) < 1e-4);
  CHECK(after(p.teacher, p.device_teacher, kd::Contrastive<2, 2>{{.width = 5, .negatives = 70}}) <
        1e-4);
}

TEST_CASE("CUDA: a teacher whose logits are not finite is named", "[cuda]") {
  Pair p;
  p.teacher.params().data[p.teacher.num_params() - 1] = INFINITY;  // of class 3
  const auto teacher = kd::upload(p.teacher);
  const auto blamed = [&](const auto& by, auto& student) -> std::string {
    try {
      kd::Distiller(by, student, kd::SoftTargets{}).fit(p.data, adam, options);
    } catch (const kd::NumericError& error) {
      return error.tensor;
    }
    return "nothing";
  };
  const std::string expected = blamed(p.teacher, p.student);
  CHECK_THAT(expected, StartsWith("one of the logits of the teacher (sample "));
  CHECK(blamed(teacher, p.device_student) == expected);
  CHECK_THROWS_AS(kd::CachedTeacher(teacher, p.data), kd::DataError);
  CHECK_THROWS_AS(kd::evaluate(teacher, p.data), kd::DataError);
}

TEST_CASE("CUDA: ensembles teach there", "[cuda]") {
  Pair p;
  const kd::Network<Teacher> other(kd::Rng(5));
  const auto device_other = kd::upload(other);
  const auto after = [&](auto mean) {
    auto student = p.student;
    auto device_student = p.device_student;
    const kd::EnsembleTeacher both(mean, p.teacher, other);
    const kd::EnsembleTeacher device_both(mean, p.device_teacher, device_other);
    kd::Distiller(both, student, kd::SoftTargets{}).fit(p.data, adam, options);
    kd::Distiller(device_both, device_student, kd::SoftTargets{}).fit(p.data, adam, options);
    return distance(student, device_student);
  };
  CHECK(after(kd::MeanOfLogits{}) < 1e-4);
  CHECK(after(kd::MeanOfProbabilities{.temperature = 4}) < 1e-4);
}

TEST_CASE("CUDA: mean teachers and students that learn from each other train there", "[cuda]") {
  Pair p;
  kd::MeanTeacher mean(p.student, {.decay = 0.9}, kd::HardLabels{}, kd::LogitMse{});
  kd::MeanTeacher device_mean(p.device_student, {.decay = 0.9}, kd::HardLabels{}, kd::LogitMse{});
  mean.fit(p.data, adam, options);
  device_mean.fit(p.data, adam, options);
  CHECK(distance(p.student, p.device_student) < 1e-4);
  CHECK(distance(mean.teacher(), device_mean.teacher()) < 1e-4);

  kd::MutualLearning mutual(kd::MutualLearningOptions{}, p.teacher, p.student);
  kd::MutualLearning device_mutual(kd::MutualLearningOptions{}, p.device_teacher, p.device_student);
  mutual.fit(p.data, adam, options);
  device_mutual.fit(p.data, adam, options);
  CHECK(distance(p.teacher, p.device_teacher) < 1e-4);
  CHECK(distance(p.student, p.device_student) < 1e-4);
}

TEST_CASE("CUDA: virtual teachers, assistants and generations teach there", "[cuda]") {
  Pair p;
  const auto after = [&](const auto& teacher, const auto& device_teacher) {
    auto student = p.student;
    auto device_student = p.device_student;
    kd::Distiller(teacher, student, kd::SoftTargets{}).fit(p.data, adam, options);
    kd::Distiller(device_teacher, device_student, kd::SoftTargets{}).fit(p.data, adam, options);
    return distance(student, device_student);
  };
  CHECK(after(kd::VirtualTeacher<float>(4), kd::VirtualTeacher<float, kd::cuda::Space>(4)) < 1e-4);

  auto assistant = p.student;
  auto device_assistant = p.device_student;
  kd::TeacherAssistant chain(p.teacher, assistant, p.student);
  kd::TeacherAssistant device_chain(p.device_teacher, device_assistant, p.device_student);
  chain.fit(p.data, adam, options, kd::SoftTargets{});
  device_chain.fit(p.data, adam, options, kd::SoftTargets{});
  CHECK(distance(p.student, p.device_student) < 1e-4);

  kd::BornAgain born(p.student, {.generations = 2}, kd::SoftTargets{});
  kd::BornAgain device_born(p.device_student, {.generations = 2}, kd::SoftTargets{});
  born.fit(p.data, adam, options);
  device_born.fit(p.data, adam, options);
  CHECK(distance(born.generations().back(), device_born.generations().back()) < 1e-4);
}
