// SPDX-License-Identifier: MIT
#pragma once

#include <cstring>
#include <deque>
#include <stdexcept>
#include <string>

#include "fiber.hpp"

/// How the stand-in runs a grid: block after block, the threads of a block as fibers that take
/// turns at barriers and warp operations.

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_count = 1, unsigned y_count = 1, unsigned z_count = 1)
      : x(x_count), y(y_count), z(z_count) {}
};

inline dim3 threadIdx, blockIdx, blockDim, gridDim;

namespace standin {

/// The kernel itself is wrong: threads wait for others that never come, and the like.
struct KernelFault : std::logic_error {
  using std::logic_error::logic_error;
};

/// The order in which blocks, warps and lanes get their turns. A kernel must not care.
enum class Order { ascending, descending };
inline Order order = Order::ascending;

class Scheduler {
 public:
  static constexpr unsigned lanes = 32;

  /// Never destroyed: ThreadSanitizer knows no order between that and what its fibers did last.
  static Scheduler& instance() {
    static Scheduler* const scheduler = new Scheduler;
    return *scheduler;
  }

  /// Runs `kernel` in every thread of every block.
  void run(dim3 grid, dim3 block, const std::function<void()>& kernel) {
    threads_ = block.x;
    if (block.y != 1 || block.z != 1 || threads_ % lanes != 0 || threads_ == 0 || threads_ > 1024)
      throw KernelFault("the stand-in runs blocks of whole warps along x, up to 1024 threads");
    while (fibers_.size() < threads_) fibers_.emplace_back();
    const unsigned blocks = grid.x * grid.y * grid.z;
    try {
      for (unsigned i = 0; i < blocks; ++i) {
        const unsigned at = turn(i, blocks);
        place(blockIdx, {at % grid.x, at / grid.x % grid.y, at / grid.x / grid.y});
        place(gridDim, grid);
        place(blockDim, block);
        run_block(kernel);
      }
    } catch (...) {
      tsan_acquire(&Fiber::stop_key);
      for (Fiber& fiber : fibers_) fiber.restart();
      throw;
    }
  }

  // Called by the threads.
  void sync_block() {
    void* const key = &block_keys_[running().next_block_barrier() % 2];
    tsan_release(key);
    running().wait(Fiber::State::at_block_barrier);
    tsan_acquire(key);
  }
  void sync_warp(unsigned mask) {
    void* const key = &warp_keys_[threadIdx.x / lanes][running().next_warp_barrier() % 2];
    tsan_release(key);
    meet(mask);
    tsan_acquire(key);
  }
  /// The word that lane `source` shows; orders no memory, as a shuffle does not.
  std::uint64_t exchange(unsigned mask, std::uint64_t bits, unsigned source) {
    Fiber& self = running();
    const unsigned turn = self.next_turn();
    self.show(bits, turn);
    meet(mask);
    return fibers_[threadIdx.x / lanes * lanes + source % lanes].shown(turn);
  }

 private:
  static STANDIN_UNSEEN void place(dim3& target, dim3 value) {
    target.x = value.x;
    target.y = value.y;
    target.z = value.z;
  }
  static unsigned turn(unsigned i, unsigned count) {
    return order == Order::ascending ? i : count - 1 - i;
  }
  STANDIN_UNSEEN Fiber& running() { return *running_; }
  STANDIN_UNSEEN void resume(unsigned thread) {
    Fiber& fiber = fibers_[thread];
    running_ = &fiber;
    place(threadIdx, {thread, 0, 0});
    fiber.enter();
  }

  void meet(unsigned mask) {
    if (mask != 0xFFFFFFFFU) throw KernelFault("the stand-in knows operations of whole warps only");
    running().wait(Fiber::State::at_warp);
  }

  void run_block(const std::function<void()>& kernel) {
    // Shared memory is one and the same for all blocks, so one block is over before the next
    // begins; threads of different blocks are therefore never seen to race.
    tsan_release(&Fiber::begin_key);
    for (unsigned t = 0; t < threads_; ++t) fibers_[t].begin(&kernel);
    for (;;) {
      for (unsigned w = 0; w < threads_ / lanes; ++w)
        while (run_warp(turn(w, threads_ / lanes))) {
        }
      const unsigned done = count(0, threads_, Fiber::State::done);
      if (done == threads_) break;
      const unsigned waiting = count(0, threads_, Fiber::State::at_block_barrier);
      if (waiting != threads_)
        throw KernelFault("deadlock in block " + std::to_string(blockIdx.x) + ": " +
                          std::to_string(waiting) + " of " + std::to_string(threads_) +
                          " threads wait at a barrier of the block, " + std::to_string(done) +
                          " have ended");
      for (unsigned t = 0; t < threads_; ++t) fibers_[t].set_state(Fiber::State::runnable);
    }
    tsan_acquire(&Fiber::end_key);
  }

  /// Runs the lanes of a warp until each waits; true when they met and can go on.
  bool run_warp(unsigned warp) {
    const unsigned first = warp * lanes;
    for (unsigned i = 0; i < lanes; ++i) {
      const unsigned thread = first + turn(i, lanes);
      if (fibers_[thread].state() == Fiber::State::runnable) resume(thread);
    }
    const unsigned met = count(first, lanes, Fiber::State::at_warp);
    if (met == 0) return false;
    if (met != lanes)
      throw KernelFault("deadlock in block " + std::to_string(blockIdx.x) + ": only " +
                        std::to_string(met) + " lanes of warp " + std::to_string(warp) +
                        " came to an operation of the whole warp");
    for (unsigned i = 0; i < lanes; ++i) fibers_[first + i].set_state(Fiber::State::runnable);
    return true;
  }

  unsigned count(unsigned first, unsigned threads, Fiber::State state) const {
    unsigned found = 0;
    for (unsigned t = first; t < first + threads; ++t) found += fibers_[t].state() == state;
    return found;
  }

  std::deque<Fiber> fibers_;
  Fiber* running_ = nullptr;
  unsigned threads_ = 0;
  // Addresses that ThreadSanitizer knows an order by. Barriers take turns with two of them: with
  // one, a thread that leaves a barrier late would be behind all that a quick one did since.
  char block_keys_[2] = {};
  char warp_keys_[lanes][2] = {};
};

template <class T>
T shuffle(unsigned mask, T value, unsigned source) {
  static_assert(sizeof(T) <= sizeof(std::uint64_t));
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  bits = Scheduler::instance().exchange(mask, bits, source);
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}

}  // namespace standin

// The part of CUDA's device functions that kernels of kd use.

inline void __syncthreads() { standin::Scheduler::instance().sync_block(); }
inline void __syncwarp(unsigned mask = 0xFFFFFFFFU) {
  standin::Scheduler::instance().sync_warp(mask);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lanes) {
  return standin::shuffle(mask, value, (threadIdx.x % 32) ^ static_cast<unsigned>(lanes));
}
template <class T>
T __shfl_sync(unsigned mask, T value, int lane) {
  return standin::shuffle(mask, value, static_cast<unsigned>(lane));
}
inline int atomicExch(int* address, int value) {
  return __atomic_exchange_n(address, value, __ATOMIC_RELAXED);
}
inline unsigned long long atomicMin(unsigned long long* address, unsigned long long value) {
  unsigned long long old = __atomic_load_n(address, __ATOMIC_RELAXED);
  while (value < old && !__atomic_compare_exchange_n(address, &old, value, false, __ATOMIC_RELAXED,
                                                     __ATOMIC_RELAXED)) {
  }
  return old;
}
