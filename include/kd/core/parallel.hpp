// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>
#include <thread>
#include <type_traits>
#include <vector>

#include "kd/core/error.hpp"

namespace kd {

namespace detail {

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
  ~ThreadPool() { stop(); }

  int threads() const { return threads_.load(std::memory_order_relaxed); }

  void resize(int threads) {
    while (!take()) std::this_thread::yield();
    const GiveBack at_the_end{taken_};
    stop();
    stopping_.store(false);
    for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
    threads_.store(threads, std::memory_order_relaxed);
  }

  /// Calls `body(context, i)` for every i below `count`; false when the pool is taken.
  bool run(void (*body)(void*, Index), void* context, Index count) {
    if (count > std::numeric_limits<std::int32_t>::max() || !take()) return false;
    const GiveBack at_the_end{taken_};
    body_ = body;
    context_ = context;
    left_.store({0, static_cast<std::uint32_t>(count)}, std::memory_order_relaxed);
    gate_.fetch_add(open_step, std::memory_order_release);
    gate_.notify_all();
    drain(true);
    // Close the gate, then wait for those inside.
    std::uint32_t state = gate_.fetch_add(open_step, std::memory_order_acq_rel) + open_step;
    for (int waited = 0; (state & inside_mask) != 0; ++waited) {
      pause(waited);
      state = gate_.load(std::memory_order_acquire);
    }
    return true;
  }

 private:
  // gate_ counts the workers inside in its low bits; the bits above count openings and closings,
  // so that an odd count means open and every change is seen by those who wait.
  static constexpr std::uint32_t inside_mask = 0xFFF;
  static constexpr std::uint32_t open_step = 0x1000;
  static constexpr int spins = 4000;

  /// False where a loop runs already, even on this very thread: a mutex must not be asked that.
  bool take() { return !taken_.test_and_set(std::memory_order_acquire); }
  struct GiveBack {
    std::atomic_flag& taken;
    ~GiveBack() { taken.clear(std::memory_order_release); }
  };

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
  void drain(bool from_beginning) {
    const auto share = static_cast<std::uint32_t>(2 * threads());
    Left left = left_.load(std::memory_order_relaxed);
    while (left.first < left.last) {
      const std::uint32_t part = std::max(1U, (left.last - left.first) / share);
      const Left rest =
          from_beginning ? Left{left.first + part, left.last} : Left{left.first, left.last - part};
      if (!left_.compare_exchange_weak(left, rest, std::memory_order_relaxed)) continue;
      const std::uint32_t begin = from_beginning ? left.first : rest.last;
      for (std::uint32_t i = begin; i < begin + part; ++i) body_(context_, i);
      left = left_.load(std::memory_order_relaxed);
    }
  }

  void work() {
    std::uint32_t state = gate_.load(std::memory_order_acquire);
    int idle = 0;
    while (!stopping_.load(std::memory_order_relaxed)) {
      if (is_open(state)) {
        if (!gate_.compare_exchange_weak(state, state + 1, std::memory_order_acquire)) continue;
        const std::uint32_t opening = state & ~inside_mask;
        drain(false);
        state = gate_.fetch_sub(1, std::memory_order_release) - 1;
        // Nothing is left of this loop: wait for the next one.
        idle = 0;
        for (int waited = 0;
             (state & ~inside_mask) == opening && !stopping_.load(std::memory_order_relaxed);
             ++waited) {
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

  void stop() {
    stopping_.store(true);
    gate_.fetch_add(2 * open_step);  // still closed, but changed: wakes those who wait
    gate_.notify_all();
    for (std::thread& worker : workers_) worker.join();
    workers_.clear();
  }

  std::atomic_flag taken_;
  std::vector<std::thread> workers_;
  std::atomic<int> threads_{1};
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint32_t> gate_{0};
  std::atomic<Left> left_{Left{0, 0}};
  void (*body_)(void*, Index) = nullptr;
  void* context_ = nullptr;
};

}  // namespace detail

/// How many threads kd may use; 1 until `set_threads` says otherwise.
inline int threads() { return detail::ThreadPool::instance().threads(); }

/// Lets kd use `count` threads in this process, the calling one included. Results do not depend on
/// it. Throws `ConfigError` when `count` is below 1 or above 1024.
inline void set_threads(int count) {
  if (count < 1 || count > 1024)
    throw ConfigError(detail::text("set_threads: expected 1 to 1024 threads, got ", count));
  if (count != threads()) detail::ThreadPool::instance().resize(count);
}

/// Calls `body(i)` for every i in `[0, count)`, on all threads when the work is worth it.
///
/// `work` is the cost of one iteration in tenths of a nanosecond or so: what a number costs that a
/// vector loop reads, adds and writes. What an iteration computes must not depend on the others,
/// and it must not throw: then the result is the same for any number of threads. A loop inside a
/// loop, or one of a second user thread while the pool is busy, runs where it stands.
template <class Body>
void parallel_for(Index count, double work, Body&& body) {
  constexpr double worth_waking = 30'000;  // three microseconds
  if (count > 1 && threads() > 1 && work * static_cast<double>(count) > worth_waking) {
    const auto call = [](void* context, Index i) {
      (*static_cast<std::remove_reference_t<Body>*>(context))(i);
    };
    void* const context = const_cast<void*>(static_cast<const void*>(&body));
    if (detail::ThreadPool::instance().run(call, context, count)) return;
  }
  for (Index i = 0; i < count; ++i) body(i);
}

}  // namespace kd
