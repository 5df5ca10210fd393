// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/model_fits.hpp"
#include "kd/cpu/ops/argmax.hpp"
#include "kd/cpu/ops/cross_entropy.hpp"
#include "kd/cpu/ops/sum.hpp"
#include "kd/data/loader.hpp"
#include "kd/train/finite_samples.hpp"

namespace kd {

/// How well a model does on a data set.
struct Evaluation {
  Index samples = 0;
  Index errors = 0;
  double accuracy = 0;          ///< share of samples whose largest logit is their class, 0 to 1
  double loss = 0;              ///< mean cross-entropy
  Vector<Index> class_samples;  ///< how many samples are of each class
  Vector<Index> class_errors;   ///< and how many of those were taken for another
  Matrix<Index> confusion;      ///< (true class, predicted class); see `most_confusion_classes`
};

struct EvaluateOptions {
  Index batch_size = 256;
  /// With more classes than this `confusion` stays empty: it takes 8 classes^2 bytes.
  Index most_confusion_classes = 1024;
};

/// Runs a model over a data set, in inference: dropout is off. A model is anything that gives
/// logits: a network, an ensemble.
///
/// Throws `ConfigError`, `ShapeError` or `DataError` when options, model and data do not fit;
/// `DataError` too when logits are not finite and the loss therefore is not.
template <class Model>
Evaluation evaluate(const Model& model, const Dataset& data, const EvaluateOptions& options = {}) {
  using S = typename Model::Scalar;
  using Space = typename Model::Space;
  detail::check_model_fits("evaluate", model, data);
  Loader<S, Space> loader(data, options.batch_size, model.space());
  const Index capacity = std::min(options.batch_size, data.size());
  auto workspace = model.make_workspace(capacity);
  Buffer<S, Space> values(capacity, model.space());
  Buffer<Label, Space> predicted(capacity, model.space());
  Buffer<double, Space> total(1, model.space());
  Evaluation result;
  result.samples = data.size();
  result.class_samples = Vector<Index>::Zero(model.num_classes());
  result.class_errors = Vector<Index>::Zero(model.num_classes());
  const bool counts_pairs = model.num_classes() <= options.most_confusion_classes;
  if (counts_pairs) result.confusion.setZero(model.num_classes(), model.num_classes());
  std::vector<Label> host(static_cast<std::size_t>(capacity));
  for (Index i = 0; i < loader.batches(); ++i) {
    const Batch<S, Space> batch = loader.batch(i);
    const MatrixView<const S, Space> logits = model.logits(batch, workspace);
    detail::check_logits("evaluate", model, batch.size(), logits);
    const VectorView<S, Space> losses = values.view().slice(0, batch.size());
    op_cross_entropy(model.space(), logits, batch.labels, S(0), MatrixView<S, Space>{},
                     Write::overwrite, losses);
    op_add_sum(model.space(), VectorView<const S, Space>(losses), total.view());
    op_argmax(model.space(), logits, predicted.view());
    op_download(model.space(),
                VectorView<const Label, Space>(predicted.view().slice(0, batch.size())),
                VectorView<Label>(host.data(), batch.size()));
    for (Index b = 0; b < batch.size(); ++b) {
      const Label truth = data.labels().data[i * options.batch_size + b];  // not shuffled
      const Label said = host[static_cast<std::size_t>(b)];
      ++result.class_samples(truth);
      if (said != truth) ++result.class_errors(truth);
      if (counts_pairs) ++result.confusion(truth, said);
    }
  }
  result.errors = result.class_errors.sum();
  result.accuracy = 1 - static_cast<double>(result.errors) / static_cast<double>(result.samples);
  result.loss = op_read(model.space(), total.view()) / static_cast<double>(result.samples);
  if (!detail::is_finite(result.loss)) {
    for (Index i = 0; i < loader.batches(); ++i)
      detail::check_finite_samples("evaluate", "logits", model.space(),
                                   model.logits(loader.batch(i), workspace),
                                   i * options.batch_size);
  }
  return result;
}

}  // namespace kd
