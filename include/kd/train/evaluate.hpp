// SPDX-License-Identifier: MIT
#pragma once

#include <limits>

#include "kd/core/model_fits.hpp"
#include "kd/cpu/ops/argmax.hpp"
#include "kd/cpu/ops/cross_entropy.hpp"
#include "kd/cpu/ops/squared_error.hpp"
#include "kd/data/loader.hpp"
#include "kd/train/finite_samples.hpp"
#include "kd/train/mean_loss.hpp"

namespace kd {

/// How well a model does on a data set. What the data set does not tell is not a number.
struct Evaluation {
  Index samples = 0;
  Index errors = 0;
  /// Share of samples whose largest logit is their class, 0 to 1; of those with a label that
  /// counts.
  double accuracy = std::numeric_limits<double>::quiet_NaN();
  /// Mean cross-entropy with the labels; where there are none, the mean squared error. Samples
  /// count what the data set says.
  double loss = std::numeric_limits<double>::quiet_NaN();
  /// Mean over samples and outputs of the squared distance from the targets.
  double mean_squared_error = std::numeric_limits<double>::quiet_NaN();
  Vector<Index> class_samples;  ///< how many samples are of each class, without ignored ones
  Vector<Index> class_errors;   ///< and how many of those were taken for another
  Matrix<Index> confusion;      ///< (true class, predicted class); see `most_confusion_classes`
};

struct EvaluateOptions {
  Index batch_size = 256;
  /// With more classes than this `confusion` stays empty: it takes 8 classes^2 bytes.
  Index most_confusion_classes = 1024;
};

/// Runs a model over a data set, in inference: dropout is off. A model is anything that gives
/// logits: a network, an ensemble; for targets, its logits are its outputs.
///
/// Throws `ConfigError`, `ShapeError` or `DataError` when options, model and data do not fit;
/// `DataError` too when the data set has neither labels nor targets or no sample counts, and when
/// logits are not finite and the loss therefore is not.
template <class Model>
Evaluation evaluate(const Model& model, const Dataset& data, const EvaluateOptions& options = {}) {
  using S = typename Model::Scalar;
  using Space = typename Model::Space;
  detail::check_can_evaluate("evaluate", model, data);
  const bool labelled = data.has_labels();
  const bool aimed = data.has_targets();
  const Space space = model.space();
  Loader<S, Space> loader(data, options.batch_size, space);
  const Index capacity = std::min(options.batch_size, data.size());
  auto workspace = model.make_workspace(capacity);
  detail::MeanLoss<S, Space> entropy(data, labelled ? capacity : 0, space);
  detail::MeanLoss<S, Space> error(data, aimed ? capacity : 0, space);
  Buffer<Label, Space> predicted(capacity, space);
  Evaluation result;
  result.samples = data.size();
  Index counted = 0;  // of samples, those that are not ignored
  for (Vector<Index>* counts : {&result.class_samples, &result.class_errors})
    counts->setZero(labelled ? model.num_classes() : 0);
  const bool counts_pairs = labelled && model.num_classes() <= options.most_confusion_classes;
  if (counts_pairs) result.confusion.setZero(model.num_classes(), model.num_classes());
  std::vector<Label> host(static_cast<std::size_t>(capacity));
  for (Index i = 0; i < loader.batches(); ++i) {
    const Batch<S, Space> batch = loader.batch(i);
    const Index first = i * options.batch_size;  // not shuffled
    const MatrixView<const S, Space> logits = model.logits(batch, workspace);
    detail::check_logits("evaluate", model, batch.size(), logits);
    if (aimed) {
      op_squared_error(space, logits, batch.targets, S(0), MatrixView<S, Space>{}, Write::overwrite,
                       error.values(batch.size()));
      error.add(space, first, batch.size());
    }
    if (!labelled) continue;
    op_cross_entropy(space, logits, batch.labels, S(0), MatrixView<S, Space>{}, Write::overwrite,
                     entropy.values(batch.size()));
    entropy.add(space, first, batch.size());
    op_argmax(space, logits, predicted.view());
    op_download(space, VectorView<const Label, Space>(predicted.view().slice(0, batch.size())),
                VectorView<Label>(host.data(), batch.size()));
    for (Index b = 0; b < batch.size(); ++b) {
      const Label truth = data.labels().data[first + b];
      if (truth == data.ignored_label()) continue;
      const Label said = host[static_cast<std::size_t>(b)];
      ++counted;
      ++result.class_samples.data()[truth];
      if (said != truth) ++result.errors, ++result.class_errors.data()[truth];
      if (counts_pairs) ++result.confusion.data()[said * result.confusion.rows() + truth];
    }
  }
  if (aimed) result.loss = result.mean_squared_error = error.mean("evaluate", space);
  if (labelled) {
    result.loss = entropy.mean("evaluate", space);
    result.accuracy = 1 - static_cast<double>(result.errors) / static_cast<double>(counted);
  }
  if (!detail::is_finite(result.loss) || (aimed && !detail::is_finite(result.mean_squared_error))) {
    for (Index i = 0; i < loader.batches(); ++i)
      detail::check_finite_samples("evaluate", "logits", space,
                                   model.logits(loader.batch(i), workspace),
                                   i * options.batch_size);
  }
  return result;
}

}  // namespace kd
