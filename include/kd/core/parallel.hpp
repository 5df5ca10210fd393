// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>

#include "kd/core/error.hpp"

#if KD_DEFINES
#include "kd/core/thread_pool.hpp"
#endif

namespace kd {

namespace detail {

/// Calls `body(context, i)` for every i below `count` on all threads; false, and nothing is done,
/// when they are taken or too far for `work` nanoseconds. Throws what an iteration throws.
bool run_on_threads(void (*body)(void*, Index), void* context, Index count, double work);

}  // namespace detail

/// How many threads kd may use; 1 until `set_threads` says otherwise.
int threads();

/// Lets kd use `count` threads in this process, the calling one included. Results do not depend on
/// it. A child of `fork()` begins with one. Throws `ConfigError` when `count` is below 1, above
/// 1024 or more than the system gives, or where the body of a loop asks; the threads are then as
/// before.
void set_threads(int count);

/// Calls `body(i)` for every i in `[0, count)`, on all threads when the work is worth it: more than
/// three microseconds of it, or thirty where the others' cores are far.
///
/// `work` is the cost of one iteration in tenths of a nanosecond or so: what a number costs that a
/// vector loop reads, adds and writes. What an iteration computes must not depend on the others:
/// then the result is the same for any number of threads. A loop inside a loop, or one of a second
/// user thread while the pool is busy, runs where it stands. Throws what an iteration throws;
/// others may be left out then.
template <class Body>
void parallel_for(Index count, double work, Body&& body) {
  constexpr double worth_waking = 30'000;  // three microseconds
  const double all = work * static_cast<double>(count);
  if (count > 1 && threads() > 1 && all > worth_waking) {
    const auto call = [](void* context, Index i) {
      (*static_cast<std::remove_reference_t<Body>*>(context))(i);
    };
    void* const context = const_cast<void*>(static_cast<const void*>(&body));
    if (detail::run_on_threads(call, context, count, all / 10)) return;
  }
  for (Index i = 0; i < count; ++i) body(i);
}

#if KD_DEFINES

KD_INLINE bool detail::run_on_threads(void (*body)(void*, Index), void* context, Index count,
                                      double work) {
  return ThreadPool::instance().run(body, context, count, work);
}

KD_INLINE int threads() { return detail::ThreadPool::instance().threads(); }

KD_INLINE void set_threads(int count) {
  if (count < 1 || count > 1024)
    throw ConfigError(detail::text("set_threads: expected 1 to 1024 threads, got ", count));
  if (count != threads()) detail::ThreadPool::instance().resize(count);
}

#endif

}  // namespace kd
