// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <utility>

#include "kd/core/named_options.hpp"
#include "kd/cpu/ops/contrast.hpp"
#include "kd/distill/sample_losses.hpp"
#include "kd/distill/scheduled.hpp"
#include "kd/distill/tap.hpp"
#include "kd/methods/embedding.hpp"
#include "kd/methods/memory_bank.hpp"

namespace kd {

struct ContrastiveOptions {
  Scheduled weight = 0.8;     ///< zero or more
  Index width = 128;          ///< of both embeddings
  Index negatives = 16384;    ///< samples of other classes that each sample is told from
  double temperature = 0.07;  ///< of the likeness of two embeddings; positive
  double momentum = 0.5;      ///< of the memory banks, in [0, 1)
  std::uint64_t seed = 0;     ///< of first weights, first banks and negatives
  static constexpr std::array names{"weight",      "width",    "negatives",
                                    "temperature", "momentum", "seed"};
};

/// CRD: of a sample and many of other classes, the student's and the teacher's embeddings should
/// tell which is the same: `weight mean_B (c(s, teacher's bank) + c(t, student's bank))`,
/// `c = -log h(own entry) - sum_{k=1..K} log(1 - h(entry k))`, `h = x / (x + K/n)`,
/// `x = exp(<embedding, entry> / temperature) / Z`.
///
/// s and t are linear maps of what layer `StudentLayer` of the student and layer `TeacherLayer` of
/// the teacher give, (features, batch), to `width` numbers of length 1; layers are counted from 1.
/// Both maps train along with the student. Each of the two banks holds an embedding of every one of
/// the n samples of the data set (where it is a slice: of its whole), found by the sample's index
/// and moved a little each time the sample comes by; entries are constants. K negatives are drawn
/// anew for each sample, with replacement, from those of other classes. Z is n times the mean of
/// `exp(<,> / temperature)` over the first batch, one for each bank, and a constant then.
///
/// The banks take `2 n width` numbers, and a step the time of `4 batch K width` multiplications,
/// which is most of it: give `negatives` where that is too much. `fit` with another data set than
/// the one before throws `ShapeError` or `DataError`, with one class only `DataError`, before any
/// work.
/// Source: Tian, Krishnan, Isola, "Contrastive representation distillation", 2020, equations 17 to
/// 19 and, for Z, momentum and defaults, the authors' code, which differs in two things: it draws
/// without replacement where there are enough samples, and adds 1e-7 within the logarithms (here
/// they come from log-odds and need none).
template <Index TeacherLayer, Index StudentLayer>
class Contrastive : detail::NamedOptions {
 public:
  using NamedOptions::NamedOptions;

  static constexpr const char* name = "Contrastive";
  static constexpr std::array<const char*, 2> terms{"contrast of student", "contrast of teacher"};
  static constexpr std::array<Index, 2> taps{TeacherLayer, StudentLayer};
  static constexpr LabelNeed label_need() { return LabelNeed::every; }

  /// One block of weights: those of the student's map, then those of the teacher's.
  template <Real S, class Space>
  struct State {
    detail::Embedding<S, Space> student;
    detail::Embedding<S, Space> teacher;
    Buffer<S, Space> weights;
    Buffer<S, Space> gradients;
    Buffer<S, Space> at_embedding;      ///< the gradient there, (width, batch)
    Buffer<std::int32_t, Space> drawn;  ///< (negatives, batch)
    SampleLosses<S, Space, 2> losses;
    OtherClasses<Space> others = {};
    MemoryBank<S, Space> student_bank = {};
    MemoryBank<S, Space> teacher_bank = {};
    DatasetIdentity data = {};  ///< whose samples the banks hold
    Index steps = 0;

    VectorView<S, Space> params() { return weights.view(); }
    VectorView<S, Space> grads() { return gradients.view(); }
    std::vector<TensorInfo> tensors() const {
      std::vector<TensorInfo> all;
      for (const auto* side : {&student, &teacher})
        for (TensorInfo tensor : side->map().tensors()) {
          tensor.name = (side == &student ? "student " : "teacher ") + tensor.name;
          tensor.offset += side->offset();
          all.push_back(std::move(tensor));
        }
      return all;
    }
    /// What steps change beside the weights.
    template <class Kept>
    void keep(Kept& kept) {
      for (auto* bank : {&student_bank, &teacher_bank}) {
        kept.add("bank", bank->buffer.view(), weights.space());
        kept.add("normaliser", bank->normaliser.view(), weights.space());
      }
      kept.add("steps", steps);
    }
    /// Goes on with the banks of another state.
    void resume(const State& previous) {
      student_bank = previous.student_bank;
      teacher_bank = previous.teacher_bank;
      data = previous.data;
      steps = previous.steps;
    }
  };

  /// Throws `ConfigError` when an option is out of its range.
  explicit Contrastive(ContrastiveOptions options = {}) : options_(std::move(options)) {
    weights({});
    detail::check_at_least_one("Contrastive: width", options_.width);
    detail::check_at_least_one("Contrastive: negatives", options_.negatives);
    detail::check_temperature("Contrastive: temperature", options_.temperature);
    detail::check_range("Contrastive: momentum", options_.momentum, 0, 1);
  }

  const ContrastiveOptions& options() const { return options_; }
  std::array<double, 2> weights(const Progress& progress) const {
    const double weight = detail::not_negative("Contrastive: weight", options_.weight, progress);
    return {weight, weight};
  }

  template <class TeacherT, class StudentT>
  auto make_state(const TeacherT& teacher, const StudentT& student, Index capacity) const {
    using S = typename StudentT::Scalar;
    using Space = typename StudentT::Space;
    Tap::template check<TeacherT, StudentT>();
    detail::check_share<S>("Contrastive: momentum", options_.momentum);
    const Space& space = student.space();
    const Index width = options_.width;
    detail::Embedding<S, Space> of_student(Tap::student_width(student), width, 0, capacity, space);
    const Index offset = of_student.map().num_params();
    detail::Embedding<S, Space> of_teacher(Tap::teacher_width(teacher), width, offset, capacity,
                                           space);
    Vector<S> first(offset + of_teacher.map().num_params());
    of_student.map().init(view(first).slice(0, offset), rng(0));
    of_teacher.map().init(view(first).slice(offset, first.size() - offset), rng(1));
    State<S, Space> state{std::move(of_student),
                          std::move(of_teacher),
                          Buffer<S, Space>(first.size(), space),
                          Buffer<S, Space>(first.size(), space),
                          Buffer<S, Space>(width * capacity, space),
                          Buffer<std::int32_t, Space>(options_.negatives * capacity, space),
                          SampleLosses<S, Space, 2>(capacity, space)};
    op_upload(space, view(std::as_const(first)), state.params());
    return state;
  }

  /// Makes the banks, or checks that those there are hold the samples of this data set.
  template <Real S, class Space>
  void prepare(const Dataset& data, State<S, Space>& state) const {
    const Space& space = state.weights.space();
    const bool has_banks = state.student_bank.samples() != 0;
    const DatasetIdentity identity = data.identity();
    if (has_banks) detail::check_same_data("Contrastive: memory bank", state.data, identity);
    state.others = OtherClasses<Space>(data, space);
    if (has_banks) return;
    state.data = identity;
    state.student_bank = {options_.width, identity.samples, rng(2), space};
    state.teacher_bank = {options_.width, identity.samples, rng(3), space};
  }

  /// Throws `ConfigError` when `prepare` was not called, `ShapeError` when an index is beyond the
  /// banks.
  template <Real S, class Space>
  void accumulate(const DistillStep<S, Space>& step, State<S, Space>& state) const {
    if (state.student_bank.samples() == 0)
      throw ConfigError("Contrastive: prepare(data, state) must come before the first step");
    const VectorView<const S, Space> block = state.params();
    const auto f = Tap::student_features(step);
    const auto g = Tap::teacher_features(step);
    const MatrixView<const S, Space> s = state.student.forward(step.space, block, f);
    const MatrixView<const S, Space> t = state.teacher.forward(step.space, block, g);
    const MatrixView<std::int32_t, Space> drawn =
        state.drawn.matrix(options_.negatives, step.batch.size());
    state.others.draw(step.space, rng(4).stream(static_cast<std::uint64_t>(state.steps)),
                      step.batch.indices, step.batch.labels, drawn);
    state.student.backward(step.space, block, f, contrast(step, state, s, state.teacher_bank, 0),
                           state.grads(), Tap::student_gradient(step));
    state.teacher.backward(step.space, block, g, contrast(step, state, t, state.student_bank, 1),
                           state.grads(), {});
    const S momentum = static_cast<S>(options_.momentum);
    op_move_bank(step.space, s, step.batch.indices, momentum, state.student_bank.entries());
    op_move_bank(step.space, t, step.batch.indices, momentum, state.teacher_bank.entries());
    ++state.steps;
    state.losses.add_to(step);
  }

 private:
  using Tap = detail::Tap<TeacherLayer, StudentLayer>;

  /// The loss of embeddings with a bank, term `k`; returns the gradient at the embeddings.
  template <Real S, class Space>
  MatrixView<S, Space> contrast(const DistillStep<S, Space>& step, State<S, Space>& state,
                                MatrixView<const S, Space> anchors, MemoryBank<S, Space>& bank,
                                Index k) const {
    const S temperature = static_cast<S>(options_.temperature);
    const MatrixView<const S, Space> entries = bank.entries();
    const MatrixView<const std::int32_t, Space> drawn =
        state.drawn.matrix(options_.negatives, anchors.cols);
    const MatrixView<S, Space> gradient = state.at_embedding.matrix(anchors.rows, anchors.cols);
    if (state.steps == 0)
      op_contrast_normaliser(step.space, anchors, entries, step.batch.indices, drawn, temperature,
                             bank.normaliser.view());
    op_contrast(step.space, anchors, entries, step.batch.indices, drawn,
                VectorView<const S, Space>(bank.normaliser.view()), temperature,
                detail::batch_scale(weights(step.progress)[0], step), gradient,
                state.losses.term(k, anchors.cols));
    return gradient;
  }

  Rng rng(std::uint64_t part) const { return Rng(options_.seed).stream(part); }

  ContrastiveOptions options_;
};

}  // namespace kd
