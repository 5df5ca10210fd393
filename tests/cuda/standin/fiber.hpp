// SPDX-License-Identifier: MIT
#pragma once

#include <ucontext.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "sanitizers.hpp"

namespace standin {

/// One thread of a block: a stack of its own, run until it waits for others.
///
/// What it shares with the scheduler is atomic and relaxed: that is no race, and gives no order
/// which a kernel could lean on.
class Fiber {
 public:
  enum class State { idle, runnable, at_block_barrier, at_warp, done };

  /// Who starts a block releases the first key, and acquires the second when the block has ended:
  /// ThreadSanitizer knows by their addresses that a thread of a block comes after the one and
  /// before the other. One key for both would order threads that end before others begin.
  inline static char begin_key = 0;
  inline static char end_key = 0;

  Fiber() : stack_(new char[stack_bytes]), tsan_(tsan_create_fiber()) { restart(); }
  Fiber(const Fiber&) = delete;
  ~Fiber() { tsan_destroy_fiber(tsan_); }

  State state() const { return state_.load(std::memory_order_relaxed); }
  void set_state(State state) { state_.store(state, std::memory_order_relaxed); }

  /// Makes it begin `kernel` when it is entered next.
  void begin(const std::function<void()>* kernel) {
    kernel_.store(kernel, std::memory_order_relaxed);
    turn_ = 0;  // lanes that were abandoned in different places agree again
    set_state(State::runnable);
  }

  /// Forgets what it was in the middle of.
  void restart() {
    asan_unpoison(stack_.get(), stack_bytes);  // of what is left there
    getcontext(&context_);
    context_.uc_stack.ss_sp = stack_.get();
    context_.uc_stack.ss_size = stack_bytes;
    context_.uc_link = nullptr;
    const auto self = reinterpret_cast<std::uintptr_t>(this);
    makecontext(&context_, reinterpret_cast<void (*)()>(&Fiber::main), 2,
                static_cast<unsigned>(self >> 32), static_cast<unsigned>(self));
    fake_stack_ = nullptr;
    set_state(State::idle);
  }

  /// Runs it from the scheduler until it waits or ends.
  void enter() {
    void* fake_stack = nullptr;
    asan_start_switch(&fake_stack, stack_.get(), stack_bytes);
    scheduler_tsan_ = tsan_current_fiber();
    STANDIN_TSAN_SWITCH(tsan_);
    swapcontext(&scheduler_, &context_);
    asan_finish_switch(fake_stack, nullptr, nullptr);
  }

  /// Goes back to the scheduler, from inside.
  STANDIN_UNSEEN void wait(State state) {
    set_state(state);
    asan_start_switch(&fake_stack_, scheduler_stack_, scheduler_stack_bytes_);
    STANDIN_TSAN_SWITCH(scheduler_tsan_);
    swapcontext(&context_, &scheduler_);
    asan_finish_switch(fake_stack_, &scheduler_stack_, &scheduler_stack_bytes_);
  }

  /// A word that this thread shows to its warp; two of them take turns, since a quick thread may
  /// be at the next exchange while a slow one still reads this one.
  void show(std::uint64_t bits, unsigned turn) {
    shown_[turn & 1].store(bits, std::memory_order_relaxed);
  }
  std::uint64_t shown(unsigned turn) const {
    return shown_[turn & 1].load(std::memory_order_relaxed);
  }
  STANDIN_UNSEEN unsigned next_turn() { return turn_++; }

 private:
  static constexpr std::size_t stack_bytes = 128 * 1024;

  static void main(unsigned high, unsigned low) {
    auto* const self = reinterpret_cast<Fiber*>(std::uintptr_t{high} << 32 | std::uintptr_t{low});
    self->run();
  }

  STANDIN_UNSEEN void run() {
    asan_finish_switch(nullptr, &scheduler_stack_, &scheduler_stack_bytes_);
    for (;;) {
      tsan_acquire(&begin_key);
      (*kernel_.load(std::memory_order_relaxed))();
      tsan_release(&end_key);
      wait(State::done);
    }
  }

  std::unique_ptr<char[]> stack_;
  ucontext_t context_{};
  ucontext_t scheduler_{};
  void* tsan_;
  void* scheduler_tsan_ = nullptr;
  void* fake_stack_ = nullptr;
  const void* scheduler_stack_ = nullptr;
  std::size_t scheduler_stack_bytes_ = 0;
  std::atomic<State> state_{State::idle};
  std::atomic<const std::function<void()>*> kernel_{nullptr};
  std::atomic<std::uint64_t> shown_[2] = {};
  unsigned turn_ = 0;
};

}  // namespace standin
