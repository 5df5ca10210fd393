// SPDX-License-Identifier: MIT
#pragma once

#include <benchmark/benchmark.h>

#include <chrono>
#include <utility>

#include "kd/distill.hpp"

/// What one iteration costs at the least: multiplications and additions of its products, and the
/// bytes that must come from memory or go there. compare.py sets the counts against `limit/fma` and
/// `limit/copy`.
struct Cost {
  double flop = 0;
  double bytes = 0;
};

/// Rates of a benchmark by the clock on the wall. Google Benchmark's own rates count the time of
/// the calling thread alone, and asking it for another adds to the benchmark's name.
class Rates {
 public:
  explicit Rates(benchmark::State& state) : state_(state) {}

  void restart() { start_ = Clock::now(); }

  /// `items` were worked on since the start, each iteration at this `cost`.
  void report(kd::Index items, const Cost& cost) {
    const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    const auto iterations = static_cast<double>(state_.iterations());
    if (items > 0) state_.counters["items_per_second"] = static_cast<double>(items) / seconds;
    if (cost.flop > 0) {
      state_.counters["flop"] = cost.flop;
      state_.counters["GFLOP/s"] = 1e-9 * cost.flop * iterations / seconds;
    }
    if (cost.bytes > 0) {
      state_.counters["bytes"] = cost.bytes;
      state_.counters["GB/s"] = 1e-9 * cost.bytes * iterations / seconds;
    }
  }

 private:
  using Clock = std::chrono::steady_clock;

  benchmark::State& state_;
  Clock::time_point start_ = Clock::now();
};

/// The time of `body()`, which works on `items`.
template <class Body>
void time_calls(benchmark::State& state, kd::Index items, const Cost& cost, Body&& body) {
  body();  // touches all memory once
  Rates rates(state);
  for (auto _ : state) body();
  rates.report(state.iterations() * items, cost);
}

/// The time of one training step, taken inside the loop that users run: `train(options)` calls
/// `kd::fit` or `Distiller::fit`, and Google Benchmark is asked after every step whether to go on.
/// So a step is all of it (gather, forward, loss, backward, guard, optimizer, and the shuffle
/// between epochs); what is made once is not in it.
template <class Train>
void time_steps(benchmark::State& state, kd::Index batch_size, const Cost& cost, Train&& train) {
  struct Enough {};  // the way out of a loop that knows of epochs only
  int warm_up = 3;
  kd::Index samples = 0;
  Rates rates(state);
  kd::FitOptions options{.epochs = 1'000'000, .batch_size = batch_size};
  options.on_step = [&](const kd::StepReport& report) {
    if (warm_up > 0) {
      if (--warm_up > 0) return;
      rates.restart();
    } else {
      samples += report.batch;
    }
    if (!state.KeepRunning()) throw Enough{};
  };
  try {
    std::forward<Train>(train)(std::as_const(options));
  } catch (const Enough&) {
    rates.report(samples, cost);
  }
}
