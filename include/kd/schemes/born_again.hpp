// SPDX-License-Identifier: MIT
#pragma once

#include <tuple>
#include <utility>
#include <vector>

#include "kd/distill/distiller.hpp"

namespace kd {

struct BornAgainOptions {
  Index generations = 3;   ///< at least 1
  std::uint64_t seed = 0;  ///< of the first weights of every generation
};

/// Born-again networks: a student of the teacher's own architecture learns from it, a new student
/// from that one, and so on.
///
///     kd::BornAgain family(teacher, {.generations = 3}, kd::SoftTargets{});
///     family.fit(data, kd::Adam{}, {.epochs = 10});
///     kd::EnsembleTeacher all(kd::MeanOfLogits{}, family.generations());
///
/// Every generation begins with new weights and an optimizer of its own. Source: Furlanello et al.,
/// "Born-again neural networks", 2018, section 3, where the last generations together, as an
/// ensemble, are better than the last.
template <class N, class... Methods>
class BornAgain {
  static_assert(sizeof...(Methods) > 0, "BornAgain needs at least one method");

 public:
  /// Throws `ConfigError` when there is to be no generation.
  BornAgain(const N& teacher, BornAgainOptions options, Methods... methods)
      : teacher_(teacher), options_(options), methods_(std::move(methods)...) {
    detail::check_at_least_one("BornAgain: generations", options.generations);
  }
  BornAgain(const BornAgain&) = delete;
  BornAgain& operator=(const BornAgain&) = delete;
  BornAgain(const N&& teacher, BornAgainOptions options, Methods... methods)
      : BornAgain(teacher, options, std::move(methods)...) {
    static_assert(detail::never<N>, "a temporary teacher would be gone before fit is called");
  }

  /// Trains all generations anew; one report each. As `Distiller::fit`: each generation is
  /// validated, has its own patience and keeps its own best weights, with which it teaches the
  /// next. A callback that says stop ends them all: there is no generation after that one. What is
  /// refused before the first step leaves the generations as they were. Each has a checkpoint of
  /// its own, `run.checkpoint.1` and so on.
  template <Optimizer O>
  std::vector<FitReport> fit(const Dataset& data, const O& optimizer,
                             const FitOptions& options = {}) {
    const detail::Running running("BornAgain::fit", this);
    detail::check_model_fits("BornAgain::fit", teacher_, data, options.changes_inputs());
    detail::check_options("BornAgain::fit", options, teacher_);
    std::vector<FitReport> reports;
    std::vector<N> previous;
    previous.reserve(static_cast<std::size_t>(options_.generations));  // teachers stay put
    generations_.swap(previous);
    const N* teacher = &teacher_;
    FitOptions part = options;
    for (Index i = 0; i < options_.generations; ++i) {
      part.checkpoint = options.checkpoint.part(i + 1);
      TrainingState<O, typename N::Scalar, typename N::Space> state;
      try {
        generations_.emplace_back(teacher_.architecture(),
                                  Rng(options_.seed).stream(static_cast<std::uint64_t>(i)),
                                  teacher_.space());
        N& student = generations_.back();
        reports.push_back(std::apply(
            [&](const Methods&... methods) {
              return Distiller(*teacher, student, methods...).fit(data, optimizer, part, state);
            },
            methods_));
      } catch (...) {
        if (i == 0 && state.steps() == 0) generations_.swap(previous);  // refused
        throw;
      }
      previous.clear();
      if (reports.back().stopped == Stopped::callback) break;
      teacher = &generations_.back();
    }
    return reports;
  }

  /// The generations, oldest first, without the teacher; none before `fit`, which makes them anew:
  /// copy those that are to outlive it.
  const std::vector<N>& generations() const { return generations_; }
  std::vector<N>& generations() { return generations_; }

 private:
  const N& teacher_;
  BornAgainOptions options_;
  std::tuple<Methods...> methods_;
  std::vector<N> generations_;
};

}  // namespace kd
