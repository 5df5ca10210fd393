// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <limits>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "kd/core/error.hpp"

#if __has_include(<pthread.h>) && !defined(_WIN32)
#include <pthread.h>
#define KD_HAS_FORK 1
#else
#define KD_HAS_FORK 0
#endif

namespace kd::detail {

/// Threads that wait for loops and share their iterations.
///
/// A step of a small network lasts microseconds, so an idle worker spins a little before it
/// sleeps, and a loop never waits for a worker that has not woken up yet: whoever comes late finds
/// the loop closed.
class ThreadPool {
 public:
  static ThreadPool& instance() {
    static ThreadPool pool;
    return pool;
  }
  ~ThreadPool() {
    keep_workers(0);
    delete crew_;
  }

  int threads() const { return threads_.load(std::memory_order_relaxed); }

  /// Makes room for `threads`, the caller's included; where the system has no more to give, all
  /// stays as it was.
  void resize(int threads) {
    if (runs_iterations())
      throw ConfigError("set_threads: called by the body of a loop that runs on these threads");
    while (!take()) std::this_thread::yield();
    const GiveBack at_the_end{taken_};
    if (crew_ == nullptr) crew_ = new Crew{};
    const int before = threads_.load(std::memory_order_relaxed);
    try {
      add_workers(threads - 1);
    } catch (const std::system_error&) {
      const std::size_t most = crew_->workers.size() + 1;
      keep_workers(before - 1);
      throw ConfigError(text("set_threads: expected at most the ", most,
                             " threads that the system gives, got ", threads));
    } catch (...) {
      keep_workers(before - 1);
      throw;
    }
    keep_workers(threads - 1);
    threads_.store(threads, std::memory_order_relaxed);
  }

  /// Calls `body(context, i)` for every i below `count`; false when the pool is taken, or when its
  /// workers are too far for `work` nanoseconds. Throws what an iteration throws, when none runs
  /// any more; others may be left out then.
  bool run(void (*body)(void*, Index), void* context, Index count, double work) {
    if (count > std::numeric_limits<std::int32_t>::max() || !take()) return false;
    const GiveBack at_the_end{taken_};
    if (work < large && handover() > far_away) return false;
    open(body, context, count);
    runs_iterations() = true;
    drain(true);
    runs_iterations() = false;
    close();
    if (failed_.load(std::memory_order_relaxed)) {
      failed_.store(false, std::memory_order_relaxed);
      std::rethrow_exception(std::exchange(error_, nullptr));
    }
    return true;
  }

 private:
  // gate_ counts the workers inside in its low bits; the bits above count openings and closings,
  // so that an odd count means open and every change is seen by those who wait.
  static constexpr std::uint32_t inside_mask = 0xFFF;
  static constexpr std::uint32_t open_step = 0x1000;
  static constexpr int spins = 4000;

  // In nanoseconds. Where a worker is far, what he computes on is far from him, too: a small
  // network's step took three times as long on two such cores as on one. Its loops are shared all
  // or none, for what one leaves in a core's cache is what the next one reads.
  static constexpr double large = 30'000;
  static constexpr double far_away = 250;

  /// The workers. Those of a process that forked do not exist in its child, which can neither join
  /// them nor forget them without leaking: it leaves them where they are.
  struct Crew {
    std::vector<std::thread> workers = {};
    Crew* lost = nullptr;
  };

  ThreadPool() {
#if KD_HAS_FORK
    pthread_atfork(nullptr, nullptr, [] { instance().begin_as_child(); });
#endif
  }

  /// After `fork()` there is one thread, whatever the others were about to do.
  void begin_as_child() {
    if (crew_ != nullptr) {
      crew_->lost = lost_;
      lost_ = std::exchange(crew_, nullptr);
    }
    threads_.store(1);
    wanted_.store(0);
    if (runs_iterations()) {
      gate_.store(gate_.load() & ~inside_mask);  // a loop that this thread has opened goes on
    } else {
      gate_.store(0);
      failed_.store(false);
      taken_.clear();
    }
  }

  /// False where a loop runs already, even on this very thread: a mutex must not be asked that.
  bool take() { return !taken_.test_and_set(std::memory_order_acquire); }
  struct GiveBack {
    std::atomic_flag& taken;
    ~GiveBack() { taken.clear(std::memory_order_release); }
  };

  /// Whether this thread is in a loop of the pool's, as the one who opened it or as a worker.
  static bool& runs_iterations() {
    thread_local bool runs = false;
    return runs;
  }

  static bool is_open(std::uint32_t state) { return (state & open_step) != 0; }

  /// Waits a moment; whoever has waited long offers the processor to a thread that has work.
  static void pause([[maybe_unused]] int waited) {
#if defined(__x86_64__) || defined(__i386__)
    if (waited < spins) return __builtin_ia32_pause();
#endif
    std::this_thread::yield();
  }

  /// The iterations that nobody has taken yet, `[first, last)`; aligned as one number of 64 bits.
  struct alignas(8) Left {
    std::uint32_t first;
    std::uint32_t last;
  };

  /// Takes iterations until none is left, ever fewer at a time. Who opened the loop takes them from
  /// its beginning and workers from its end: in the next loop over the same numbers each finds its
  /// own part of them in its cache.
  void drain(bool from_beginning) noexcept {
    const auto share = static_cast<std::uint32_t>(2 * threads());
    Left left = left_.load(std::memory_order_relaxed);
    while (left.first < left.last) {
      const std::uint32_t part = std::max(1U, (left.last - left.first) / share);
      const Left rest =
          from_beginning ? Left{left.first + part, left.last} : Left{left.first, left.last - part};
      if (!left_.compare_exchange_weak(left, rest, std::memory_order_relaxed)) continue;
      const std::uint32_t begin = from_beginning ? left.first : rest.last;
      try {
        for (std::uint32_t i = begin; i < begin + part; ++i) body_(context_, i);
      } catch (...) {
        if (!failed_.exchange(true, std::memory_order_relaxed)) error_ = std::current_exception();
        left_.store({0, 0}, std::memory_order_relaxed);
      }
      left = left_.load(std::memory_order_relaxed);
    }
  }

  void open(void (*body)(void*, Index), void* context, Index count) {
    body_ = body;
    context_ = context;
    left_.store({0, static_cast<std::uint32_t>(count)}, std::memory_order_relaxed);
    gate_.fetch_add(open_step, std::memory_order_release);
    gate_.notify_all();
  }

  /// Closes the gate, then waits for those inside.
  void close() {
    std::uint32_t state = gate_.fetch_add(open_step, std::memory_order_acq_rel) + open_step;
    for (int waited = 0; (state & inside_mask) != 0; ++waited) {
      pause(waited);
      state = gate_.load(std::memory_order_acquire);
    }
  }

  /// How many nanoseconds a loop of nothing takes whose iteration a worker has, who is awake. That
  /// depends on how far apart the cores are and on who else wants them, and threads move: it is
  /// measured now and then.
  double handover() {
    using Clock = std::chrono::steady_clock;
    constexpr int loops = 2000, tries = 100, calls = 16;
    if (++loops_since_measured_ < loops) return handover_;
    loops_since_measured_ = 0;
    for (int i = 0; i < tries && !hand_over(); ++i) continue;  // he may be asleep
    const auto begin = Clock::now();
    for (int i = 0; i < calls; ++i) hand_over();
    const std::chrono::duration<double, std::nano> took = Clock::now() - begin;
    return handover_ = took.count() / calls;
  }

  /// Runs such a loop; false when it was closed before a worker came, after a microsecond or two.
  bool hand_over() {
    open([](void*, Index) {}, nullptr, 1);
    for (int i = 0; i < 2000 && left_.load(std::memory_order_relaxed).last != 0; ++i) continue;
    close();
    return left_.exchange({0, 0}, std::memory_order_relaxed).last == 0;
  }

  void work(int number) {
    runs_iterations() = true;
    const auto is_wanted = [&] { return number < wanted_.load(std::memory_order_relaxed); };
    std::uint32_t state = gate_.load(std::memory_order_acquire);
    int idle = 0;
    while (is_wanted()) {
      if (is_open(state)) {
        if (!gate_.compare_exchange_weak(state, state + 1, std::memory_order_acquire)) continue;
        const std::uint32_t opening = state & ~inside_mask;
        drain(false);
        state = gate_.fetch_sub(1, std::memory_order_release) - 1;
        // Nothing is left of this loop: wait for the next one.
        idle = 0;
        for (int waited = 0; (state & ~inside_mask) == opening && is_wanted(); ++waited) {
          pause(waited);
          state = gate_.load(std::memory_order_acquire);
        }
      } else if (++idle < spins) {
        pause(idle);
        state = gate_.load(std::memory_order_acquire);
      } else {
        gate_.wait(state, std::memory_order_acquire);
        state = gate_.load(std::memory_order_acquire);
        idle = 0;
      }
    }
  }

  void add_workers(int count) {
    auto& workers = crew_->workers;
    workers.reserve(static_cast<std::size_t>(count));
    wanted_.store(std::max(count, static_cast<int>(workers.size())));
    for (int i = static_cast<int>(workers.size()); i < count; ++i)
      workers.emplace_back([this, i] { work(i); });
  }

  /// Sends workers home until there are no more than `count`.
  void keep_workers(int count) {
    if (crew_ == nullptr) return;
    wanted_.store(count);
    gate_.fetch_add(2 * open_step);  // still closed, but changed: wakes those who wait
    gate_.notify_all();
    for (; static_cast<int>(crew_->workers.size()) > count; crew_->workers.pop_back())
      crew_->workers.back().join();
  }

  std::atomic_flag taken_;
  Crew* crew_ = nullptr;
  Crew* lost_ = nullptr;
  std::atomic<int> threads_{1};
  std::atomic<int> wanted_{0};
  std::atomic<std::uint32_t> gate_{0};
  std::atomic<Left> left_{Left{0, 0}};
  void (*body_)(void*, Index) = nullptr;
  void* context_ = nullptr;
  double handover_ = 0;
  int loops_since_measured_ = std::numeric_limits<int>::max() - 1;
  std::atomic<bool> failed_{false};
  std::exception_ptr error_;  // of the first iteration that threw
};

}  // namespace kd::detail
