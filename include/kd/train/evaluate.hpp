// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

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

namespace detail {

/// What an evaluation counts, batch by batch: the same whatever gave the logits.
template <Real S, class Space>
class Tally {
 public:
  /// `classes` are counted where there are labels.
  Tally(const Dataset& data, Index classes, const EvaluateOptions& options, const Space& space)
      : data_(data),
        space_(space),
        capacity_(std::min(options.batch_size, data.size())),
        entropy_(data, data.has_labels() ? capacity_ : 0, space),
        error_(data, data.has_targets() ? capacity_ : 0, space),
        predicted_(capacity_, space),
        host_(static_cast<std::size_t>(capacity_)),
        counts_pairs_(data.has_labels() && classes <= options.most_confusion_classes) {
    result_.samples = data.size();
    for (Vector<Index>* counts : {&result_.class_samples, &result_.class_errors})
      counts->setZero(data.has_labels() ? classes : 0);
    if (counts_pairs_) result_.confusion.setZero(classes, classes);
  }

  /// Samples of a batch in a row, the first of which is `first` of the data set.
  void add(const Batch<S, Space>& batch, Index first, MatrixView<const S, Space> logits) {
    if (data_.has_targets()) {
      op_squared_error(space_, logits, batch.targets, S(0), MatrixView<S, Space>{},
                       Write::overwrite, error_.values(batch.size()));
      error_.add(space_, first, batch.size());
    }
    if (!data_.has_labels()) return;
    op_cross_entropy(space_, logits, batch.labels, S(0), MatrixView<S, Space>{}, Write::overwrite,
                     entropy_.values(batch.size()));
    entropy_.add(space_, first, batch.size());
    op_argmax(space_, logits, predicted_.view());
    op_download(space_, VectorView<const Label, Space>(predicted_.view().slice(0, batch.size())),
                VectorView<Label>(host_.data(), batch.size()));
    for (Index b = 0; b < batch.size(); ++b) {
      const Label truth = data_.labels().data[first + b];
      if (truth != data_.ignored_label()) count(truth, host_[static_cast<std::size_t>(b)]);
    }
  }

  Evaluation result() {
    if (data_.has_targets())
      result_.loss = result_.mean_squared_error = error_.mean("evaluate", space_);
    if (data_.has_labels()) {
      result_.loss = entropy_.mean("evaluate", space_);
      result_.accuracy = 1 - static_cast<double>(result_.errors) / static_cast<double>(counted_);
    }
    return std::move(result_);
  }

 private:
  void count(Label truth, Label said) {
    ++counted_;
    ++result_.class_samples.data()[truth];
    if (said != truth) ++result_.errors, ++result_.class_errors.data()[truth];
    if (counts_pairs_) ++result_.confusion.data()[said * result_.confusion.rows() + truth];
  }

  const Dataset& data_;
  Space space_;
  Index capacity_;
  MeanLoss<S, Space> entropy_;
  MeanLoss<S, Space> error_;
  Buffer<Label, Space> predicted_;
  std::vector<Label> host_;
  bool counts_pairs_;
  Index counted_ = 0;  ///< of samples, those that are not ignored
  Evaluation result_;
};

}  // namespace detail

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
  const Space space = model.space();
  Loader<S, Space> loader(data, options.batch_size, space);
  auto workspace = model.make_workspace(std::min(options.batch_size, data.size()));
  detail::Tally<S, Space> tally(data, data.has_labels() ? model.num_classes() : 0, options, space);
  for (Index i = 0; i < loader.batches(); ++i) {
    const Batch<S, Space> batch = loader.batch(i);
    const MatrixView<const S, Space> logits = model.logits(batch, workspace);
    detail::check_logits("evaluate", model, batch.size(), logits);
    tally.add(batch, i * options.batch_size, logits);  // in order: not shuffled
  }
  Evaluation result = tally.result();
  if (!detail::is_finite(result.loss) ||
      (data.has_targets() && !detail::is_finite(result.mean_squared_error))) {
    for (Index i = 0; i < loader.batches(); ++i)
      detail::check_finite_samples("evaluate", "logits", space,
                                   model.logits(loader.batch(i), workspace),
                                   i * options.batch_size);
  }
  return result;
}

}  // namespace kd
