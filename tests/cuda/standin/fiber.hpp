// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "sanitizers.hpp"

/// Leaves the stack that is in use, notes in `*left` where it was left, and goes on where the stack
/// `entered` was left: what `swapcontext` does, without its system calls. Linux on x86-64.
extern "C" void standin_switch_stacks(void** left, void* entered);

asm(R"(
  .pushsection .text.standin_switch_stacks, "axG", @progbits, standin_switch_stacks, comdat
  .weak standin_switch_stacks
  .type standin_switch_stacks, @function
standin_switch_stacks:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
  .size standin_switch_stacks, . - standin_switch_stacks
  .popsection
)");

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
  /// Released by a thread whenever it stops, for who abandons all of them.
  inline static char stop_key = 0;

  Fiber() : stack_(new char[stack_bytes]), tsan_(tsan_create_fiber()) { restart(); }
  Fiber(const Fiber&) = delete;
  ~Fiber() { tsan_destroy_fiber(tsan_); }

  State state() const { return state_.load(std::memory_order_relaxed); }
  void set_state(State state) { state_.store(state, std::memory_order_relaxed); }

  /// Makes it begin `kernel` when it is entered next.
  void begin(const std::function<void()>* kernel) {
    kernel_.store(kernel, std::memory_order_relaxed);
    turn_ = block_barriers_ = warp_barriers_ = 0;  // who was abandoned elsewhere agrees again
    set_state(State::runnable);
  }

  /// Forgets what it was in the middle of.
  void restart() {
    asan_unpoison(stack_.get(), stack_bytes);  // of what is left there
    // What a switch to it finds: six registers, where to go, and no way back from there.
    constexpr std::size_t words = 8;
    auto** const top = reinterpret_cast<void**>(stack_.get() + stack_bytes) - words;
    for (std::size_t i = 0; i < words; ++i) top[i] = nullptr;
    top[6] = reinterpret_cast<void*>(&Fiber::main);
    place_ = top;
    fake_stack_ = nullptr;
    set_state(State::idle);
  }

  /// Runs it from the scheduler until it waits or ends.
  void enter() {
    void* fake_stack = nullptr;
    entered_ = this;
    asan_start_switch(&fake_stack, stack_.get(), stack_bytes);
    scheduler_tsan_ = tsan_current_fiber();
    void* const place = place_;  // read before the switch: what follows is done by the fiber
    STANDIN_TSAN_SWITCH(tsan_);
    standin_switch_stacks(&scheduler_place_, place);
    asan_finish_switch(fake_stack, nullptr, nullptr);
  }

  /// Goes back to the scheduler, from inside.
  STANDIN_UNSEEN void wait(State state) {
    set_state(state);
    tsan_release(&stop_key);
    asan_start_switch(&fake_stack_, scheduler_stack_, scheduler_stack_bytes_);
    STANDIN_TSAN_SWITCH(scheduler_tsan_);
    standin_switch_stacks(&place_, scheduler_place_);
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
  // The number of the barrier that this thread comes to.
  STANDIN_UNSEEN unsigned next_block_barrier() { return block_barriers_++; }
  STANDIN_UNSEEN unsigned next_warp_barrier() { return warp_barriers_++; }

 private:
  static constexpr std::size_t stack_bytes = 128 * 1024;

  STANDIN_UNSEEN static void main() { entered_->run(); }

  STANDIN_UNSEEN void run() {
    asan_finish_switch(nullptr, &scheduler_stack_, &scheduler_stack_bytes_);
    for (;;) {
      tsan_acquire(&begin_key);
      (*kernel_.load(std::memory_order_relaxed))();
      tsan_release(&end_key);
      wait(State::done);
    }
  }

  inline static Fiber* entered_ = nullptr;

  std::unique_ptr<char[]> stack_;  // begins and ends at multiples of 16
  void* place_ = nullptr;          // where it, or the scheduler, was left
  void* scheduler_place_ = nullptr;
  void* tsan_;
  void* scheduler_tsan_ = nullptr;
  void* fake_stack_ = nullptr;
  const void* scheduler_stack_ = nullptr;
  std::size_t scheduler_stack_bytes_ = 0;
  std::atomic<State> state_{State::idle};
  std::atomic<const std::function<void()>*> kernel_{nullptr};
  std::atomic<std::uint64_t> shown_[2] = {};
  unsigned turn_ = 0, block_barriers_ = 0, warp_barriers_ = 0;
};

}  // namespace standin
