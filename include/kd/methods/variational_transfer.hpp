// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cmath>
#include <utility>

#include "kd/core/named_options.hpp"
#include "kd/cpu/ops/gaussian_likelihood.hpp"
#include "kd/distill/sample_losses.hpp"
#include "kd/distill/scheduled.hpp"
#include "kd/distill/tap.hpp"
#include "kd/nn/linear.hpp"

namespace kd {

struct VariationalTransferOptions {
  Scheduled weight = 1;         ///< zero or more
  double initial_variance = 5;  ///< of every feature of the teacher; above 1e-5
  std::uint64_t seed = 0;       ///< of the first weights of the mean
  static constexpr std::array names{"weight", "initial_variance", "seed"};
};

/// VID: the student's features should say what the teacher's are, each as surely as it can:
/// `weight mean((W f + b - g)^2 / v + log v) / 2`, `v_d = softplus(spread_d) + 1e-5`.
///
/// f: what layer `StudentLayer` of the student gives, (student's width, batch); g: layer
/// `TeacherLayer` of the teacher, (teacher's width, batch); layers are counted from 1. The mean is
/// over all teacher's features d and the batch. `W`, `b` and one spread for each of the teacher's
/// features train along with the student: a feature that the student cannot tell gets a large
/// variance and stops to count. The loss can be negative. Where the paper puts layers of their own
/// between the two, there is one linear map here.
///
/// Source: Ahn et al., "Variational information distillation for knowledge transfer", 2019,
/// equations 5 and 6; weight, softplus and first variance as in the code of Tian et al.,
/// "Contrastive representation distillation", 2020.
template <Index TeacherLayer, Index StudentLayer>
class VariationalTransfer : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;

  static constexpr const char* name = "VariationalTransfer";
  static constexpr std::array<const char*, 1> terms{"likelihood"};
  static constexpr std::array<Index, 2> taps{TeacherLayer, StudentLayer};
  static constexpr LabelNeed label_need() { return LabelNeed::none; }

  /// One block of weights: those of the mean (as a `Linear` layer's), then the spreads.
  template <Real S, class Space>
  struct State {
    Linear<> mean;  ///< student's features -> teacher's
    Buffer<S, Space> weights;
    Buffer<S, Space> gradients;
    Buffer<S, Space> output;  ///< of the mean, then the gradient there
    SampleLosses<S, Space> losses;

    VectorView<S, Space> params() { return weights.view(); }
    VectorView<S, Space> grads() { return gradients.view(); }
    std::vector<TensorInfo> tensors() const {
      std::vector<TensorInfo> all = mean.tensors();
      for (TensorInfo& tensor : all) tensor.name = "mean " + tensor.name;
      all.push_back({"spread", mean.out_features(), 1, mean.num_params(), true});
      return all;
    }
  };

  /// Throws `ConfigError` when an option is out of its range.
  explicit VariationalTransfer(VariationalTransferOptions options = {})
      : options_(std::move(options)) {
    weights({});
    detail::check_positive("VariationalTransfer: initial_variance", options_.initial_variance);
    if (options_.initial_variance <= least_variance)
      throw ConfigError(detail::text("VariationalTransfer: initial_variance must be above ",
                                     least_variance, ", got ", options_.initial_variance));
  }

  const VariationalTransferOptions& options() const { return options_; }
  std::array<double, 1> weights(const Progress& progress) const {
    return {detail::not_negative("VariationalTransfer: weight", options_.weight, progress)};
  }

  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT& teacher, const StudentT& student, Index capacity) const {
    using S = typename StudentT::Scalar;
    using Space = typename StudentT::Space;
    Tap::template check<TeacherT, StudentT>();
    detail::check_positive<S>("VariationalTransfer: initial_variance", options_.initial_variance);
    const Space& space = student.space();
    const Linear<> mean(Tap::student_width(student), Tap::teacher_width(teacher));
    const Index features = mean.out_features();
    Vector<S> first = Vector<S>::Constant(mean.num_params() + features, first_spread<S>());
    mean.init(view(first).slice(0, mean.num_params()), Rng(options_.seed));
    State<S, Space> state{
        mean, Buffer<S, Space>(first.size(), space), Buffer<S, Space>(first.size(), space),
        Buffer<S, Space>(features * capacity, space), SampleLosses<S, Space>(capacity, space)};
    op_upload(space, view(std::as_const(first)), state.params());
    return state;
  }

  template <Real S, class Space>
  void accumulate(const DistillStep<S, Space>& step, State<S, Space>& state) const {
    const auto features = Tap::student_features(step);
    const auto target = Tap::teacher_features(step);
    const Index size = state.mean.num_params();
    const VectorView<const S, Space> params = state.params();
    detail::check_map("VariationalTransfer", state.mean, features.rows, target.rows);
    const MatrixView<S, Space> y = state.output.matrix(target.rows, target.cols);
    state.mean.forward(LayerForward<S, Space>{
        step.space, Mode::training, Rng(), params.slice(0, size), features, y, {}});
    op_gaussian_likelihood(
        step.space, MatrixView<const S, Space>(y), target, params.slice(size, target.rows),
        detail::batch_scale(weights(step.progress)[0], step), y,
        state.grads().slice(size, target.rows), state.losses.term(0, step.batch.size()));
    state.mean.backward(LayerBackward<S, Space>{step.space,
                                                params.slice(0, size),
                                                features,
                                                {},
                                                {},
                                                y,
                                                state.grads().slice(0, size),
                                                Write::add,
                                                Tap::student_gradient(step),
                                                Write::add});
    state.losses.add_to(step);
  }

 private:
  using Tap = detail::Tap<TeacherLayer, StudentLayer>;
  static constexpr double least_variance = 1e-5;

  /// Where `softplus(spread) + 1e-5` is the first variance.
  template <Real S>
  S first_spread() const {
    const double rest = options_.initial_variance - least_variance;
    return static_cast<S>(rest + std::log(-std::expm1(-rest)));
  }

  VariationalTransferOptions options_;
};

}  // namespace kd
