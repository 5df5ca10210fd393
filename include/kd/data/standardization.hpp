// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <utility>

#include "kd/data/dataset.hpp"

namespace kd {

/// Gives every feature the mean 0 and the deviation 1 that it has in one data set, the training
/// part, and treats others alike: `x' = (x - mean) / deviation`.
///
///     const kd::Standardization standard(train);
///     kd::fit(network, standard.apply(train), kd::CrossEntropy{}, kd::Adam{});
///     kd::evaluate(network, standard.apply(test));
///
/// mean and deviation: (features), the deviation with the number of samples as divisor, as
/// scikit-learn's `StandardScaler`. A feature that is constant has a deviation of 1.
class Standardization {
 public:
  /// That of a data set.
  explicit Standardization(const Dataset& data);

  /// One that is known already. Throws `ShapeError` when there are not as many deviations as means,
  /// `DataError` when a number is not finite or a deviation is not positive.
  Standardization(Vector<double> mean, Vector<double> deviation);

  const Vector<double>& mean() const { return mean_; }
  const Vector<double>& deviation() const { return deviation_; }

  /// A data set of standardised inputs, of which the same is known. Throws `ShapeError` when it has
  /// other features, `DataError` when a number is beyond what a float holds.
  Dataset apply(const Dataset& data) const;

  /// The same for samples to predict: (features, samples). Throws `ShapeError`.
  template <Real S>
  Matrix<S> apply(const Matrix<S>& inputs) const {
    check_features(inputs.rows());
    Matrix<S> result(inputs.rows(), inputs.cols());
    standardise(view(inputs), 1.F, result.data());
    return result;
  }

 private:
  template <class T, class S>
  void standardise(MatrixView<const T> from, float scale, S* to) const {
    for (Index j = 0; j < from.cols; ++j)
      for (Index i = 0; i < from.rows; ++i) {
        const double x = static_cast<double>(*from.data++) * static_cast<double>(scale);
        *to++ = static_cast<S>((x - mean_.data()[i]) / deviation_.data()[i]);
      }
  }

  void check_features(Index got) const {
    detail::check_equal("Standardization", "features a sample, as where it was made", mean_.size(),
                        got);
  }

  Vector<double> mean_;
  Vector<double> deviation_;
};

#if KD_DEFINES

KD_INLINE Standardization::Standardization(const Dataset& data)
    : mean_(Vector<double>::Zero(data.features())),
      deviation_(Vector<double>::Zero(data.features())) {
  const auto samples = static_cast<double>(data.size());
  double* const mean = mean_.data();
  double* const deviation = deviation_.data();
  data.visit([&](const auto& inputs, float scale) {
    const auto value = [&](Index i, Index j) {
      return static_cast<double>(inputs.data[j * inputs.rows + i]) * static_cast<double>(scale);
    };
    for (Index j = 0; j < inputs.cols; ++j)
      for (Index i = 0; i < inputs.rows; ++i) mean[i] += value(i, j);
    for (Index i = 0; i < inputs.rows; ++i) mean[i] /= samples;
    for (Index j = 0; j < inputs.cols; ++j)
      for (Index i = 0; i < inputs.rows; ++i) {
        const double distance = value(i, j) - mean[i];
        deviation[i] += distance * distance;
      }
  });
  for (Index i = 0; i < deviation_.size(); ++i) {
    deviation[i] = std::sqrt(deviation[i] / samples);
    if (deviation[i] == 0) deviation[i] = 1;
  }
}

KD_INLINE Standardization::Standardization(Vector<double> mean, Vector<double> deviation)
    : mean_(std::move(mean)), deviation_(std::move(deviation)) {
  detail::check_equal("Standardization", "deviations, one for each mean", mean_.size(),
                      deviation_.size());
  for (Index i = 0; i < mean_.size(); ++i)
    if (!detail::is_finite(mean_(i)) || !detail::is_finite(deviation_(i)) || deviation_(i) <= 0)
      throw DataError(
          detail::text("Standardization: expected a finite mean and a positive "
                       "deviation, got ",
                       mean_(i), " and ", deviation_(i), " for feature ", i));
}

KD_INLINE Dataset Standardization::apply(const Dataset& data) const {
  check_features(data.features());
  Matrix<float> inputs(data.features(), data.size());
  data.visit([&](const auto& stored, float scale) { standardise(stored, scale, inputs.data()); });
  return data.with_inputs(std::move(inputs));
}

#endif

}  // namespace kd
