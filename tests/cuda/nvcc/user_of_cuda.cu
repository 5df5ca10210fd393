// SPDX-License-Identifier: MIT
//
// A user's program: all that kd does on a device, in float and double.
#include <cstdio>
#include <kd/cuda.hpp>
#include <vector>

using Teacher = kd::Sequential<kd::Linear<20, 64>, kd::Dropout, kd::ReLU, kd::Linear<64, 10>>;
using Student = kd::Sequential<kd::Linear<20, 16>, kd::ReLU, kd::Linear<16, 10>>;
using Layers = kd::Sequential<kd::Linear<20, 16>, kd::LayerNorm<16>, kd::GELU, kd::Linear<16, 16>,
                              kd::SiLU, kd::Linear<16, 16>, kd::HardSwish, kd::Linear<16, 16>,
                              kd::ReLU6, kd::Linear<16, 16>, kd::LeakyReLU, kd::Linear<16, 16>,
                              kd::Tanh, kd::Linear<16, 10>, kd::Sigmoid>;

using Images =
    kd::Sequential<kd::Image<1, 5, 4>, kd::Conv2d<4, 3, kd::Window{.pad = 1}>, kd::BatchNorm,
                   kd::ReLU,
                   kd::Residual<kd::DepthwiseConv2d<3, kd::Window{.same = true}>, kd::Conv2d<4, 1>>,
                   kd::MaxPool2d<2>, kd::AvgPool2d<2>, kd::GlobalAvgPool, kd::Linear<4, 10>>;

template <class S>
double train(const kd::Dataset& data) {
  kd::Network<Teacher, kd::cuda::Space, S> teacher(kd::Rng(1));
  kd::fit(teacher, data, kd::CrossEntropy{}, kd::Adam{},
          {.epochs = 2, .max_grad_norm = 1, .capture_step = true});
  kd::Network<Student, kd::cuda::Space, S> student(kd::Rng(2));
  const kd::CachedTeacher cached(teacher, data);
  kd::Distiller from_table(cached, student, kd::SoftTargets{});
  from_table.fit(data, kd::Sgd{});
  kd::Distiller distiller(teacher, student, kd::SoftTargets{});
  distiller.fit(data, kd::Adam{});
  kd::Distiller others(teacher, student, kd::DecoupledKd{}, kd::ReverseKl{}, kd::GeneralizedJsd{},
                       kd::LogitMse{},
                       kd::LogitStandardization(kd::SoftTargets{{.hard_weight = 0}}));
  others.fit(data, kd::Adam{});
  kd::Distiller newer(teacher, student, kd::Nkd{}, kd::Wttm{}, kd::RefinedLogits{}, kd::AlphaBeta{},
                      kd::MultiLevel{}, kd::WassersteinLogits(kd::Matrix<double>::Zero(10, 10)));
  newer.fit(data, kd::Adam{});
  kd::Distiller features(
      teacher, student, kd::Hint<3, 2>{}, kd::VariationalTransfer<3, 2>{}, kd::FactorCosine<4, 3>{},
      kd::SimilarityPreserving<3, 2>{}, kd::ProbabilisticTransfer<3, 2>{}, kd::RelationalKd<3, 2>{},
      kd::Contrastive<3, 2>{{.negatives = 100}}, kd::CorrelationKd{}, kd::AdversarialTemperature{});
  features.fit(data, kd::Adam{});
  const kd::TopKTeacher few(teacher, data, 3);
  kd::Distiller(few, student, kd::TopK{}, kd::SoftTargets{}).fit(data, kd::Adam{});
  const kd::EnsembleTeacher both(kd::MeanOfProbabilities{.temperature = 4}, teacher, student);
  kd::MeanTeacher mean(student, {}, kd::HardLabels{}, kd::LogitMse{});
  mean.fit(data, kd::Adam{});
  const kd::EnsembleTeacher all(kd::MeanOfLogits{}, both, mean.teacher());
  kd::MutualLearning(kd::MutualLearningOptions{}, teacher, student).fit(data, kd::Adam{});
  kd::Network<Student, kd::cuda::Space, S> pupil(kd::Rng(3));
  kd::Distiller(all, pupil, kd::SoftTargets{}).fit(data, kd::Adam{});
  kd::fit(student, data, kd::LabelSmoothing{}, kd::Adam{});
  kd::Network<Layers, kd::cuda::Space, S> layers(kd::Rng(4));
  kd::fit(layers, data, kd::CrossEntropy{}, kd::Adam{});
  kd::Network<Images, kd::cuda::Space, S> images(kd::Rng(5));
  kd::fit(images, data, kd::CrossEntropy{}, kd::Adam{});
  kd::Network<Images, kd::cuda::Space, S> viewer(kd::Rng(6));
  kd::Distiller(images, viewer, kd::AttentionTransfer<3, 3>{}, kd::Hint<3, 3>{},
                kd::WassersteinFeatures<3, 3>{}, kd::CatKd{{.grid = 1}},
                kd::ScaleDecoupled(kd::DecoupledKd{}, {.levels = 1}),
                kd::Pooled<kd::SimilarityPreserving, 3, 3>{})
      .fit(data, kd::Adam{});
  const kd::Dataset aimed = data.with_targets(kd::Matrix<float>(kd::Matrix<float>::Zero(10, 100)))
                                .with_class_weights(std::vector<float>(10, 2));
  kd::fit(student, aimed, kd::Mse{}, kd::Adam{});
  kd::Distiller(teacher, student, kd::HardTargets{}, kd::HardLabels{}).fit(aimed, kd::Adam{});
  const auto host = kd::download(student);
  const auto again = kd::upload(host, kd::cuda::Space({.products = kd::cuda::Products::bf16}));
  return kd::evaluate(again, data).accuracy;
}

int main() {
  const kd::Dataset data(kd::Matrix<float>(kd::Matrix<float>::Random(20, 100)),
                         kd::Labels(kd::Labels::Zero(100)), 10);
  try {
    std::printf("%g %g\n", train<float>(data), train<double>(data));
  } catch (const kd::cuda::Error& error) {
    std::printf("%s\n", error.what());
  }
}
