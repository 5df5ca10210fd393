// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

/// What the sanitizers must be told about threads that are not the system's, as calls that do
/// nothing in an ordinary build.

#if defined(__SANITIZE_ADDRESS__)
#define STANDIN_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define STANDIN_ASAN 1
#endif
#endif

#if defined(__SANITIZE_THREAD__)
#define STANDIN_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define STANDIN_TSAN 1
#endif
#endif

#ifdef STANDIN_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef STANDIN_TSAN
#include <sanitizer/tsan_interface.h>
#endif

/// For the stand-in's own stores that are no part of the program under test.
#define STANDIN_UNSEEN __attribute__((no_sanitize("thread")))

// A fiber as ThreadSanitizer knows it: a thread of its own. Switching to it orders nothing, so that
// the only order between two threads of a block is the one their barriers give. It must happen in
// the very function that switches stacks, hence a macro.
#ifdef STANDIN_TSAN
#define STANDIN_TSAN_SWITCH(fiber) __tsan_switch_to_fiber(fiber, __tsan_switch_to_fiber_no_sync)
#else
#define STANDIN_TSAN_SWITCH(fiber) static_cast<void>(fiber)
#endif

namespace standin {

inline void* tsan_create_fiber() {
#ifdef STANDIN_TSAN
  return __tsan_create_fiber(0);
#else
  return nullptr;
#endif
}
inline void tsan_destroy_fiber([[maybe_unused]] void* fiber) {
#ifdef STANDIN_TSAN
  __tsan_destroy_fiber(fiber);
#endif
}
inline void* tsan_current_fiber() {
#ifdef STANDIN_TSAN
  return __tsan_get_current_fiber();
#else
  return nullptr;
#endif
}

/// What was done before `release(key)` is done for who calls `acquire(key)` later.
inline void tsan_release([[maybe_unused]] void* key) {
#ifdef STANDIN_TSAN
  __tsan_release(key);
#endif
}
inline void tsan_acquire([[maybe_unused]] void* key) {
#ifdef STANDIN_TSAN
  __tsan_acquire(key);
#endif
}

inline void asan_start_switch([[maybe_unused]] void** fake_stack,
                              [[maybe_unused]] const void* bottom,
                              [[maybe_unused]] std::size_t size) {
#ifdef STANDIN_ASAN
  __sanitizer_start_switch_fiber(fake_stack, bottom, size);
#endif
}
inline void asan_finish_switch([[maybe_unused]] void* fake_stack,
                               [[maybe_unused]] const void** bottom,
                               [[maybe_unused]] std::size_t* size) {
#ifdef STANDIN_ASAN
  __sanitizer_finish_switch_fiber(fake_stack, bottom, size);
#endif
}

inline void asan_poison([[maybe_unused]] const void* data, [[maybe_unused]] std::size_t bytes) {
#ifdef STANDIN_ASAN
  __asan_poison_memory_region(data, bytes);
#endif
}
inline void asan_unpoison([[maybe_unused]] const void* data, [[maybe_unused]] std::size_t bytes) {
#ifdef STANDIN_ASAN
  __asan_unpoison_memory_region(data, bytes);
#endif
}

}  // namespace standin
