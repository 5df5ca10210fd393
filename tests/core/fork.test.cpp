// SPDX-License-Identifier: MIT
#include <array>
#include <atomic>
#include <numeric>
#include <string>
#include <thread>

#include "kd/core/parallel.hpp"
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/sanitizers.hpp"
#include "support/threads.hpp"

#if KD_TEST_FORKS
#include <sys/resource.h>

namespace {

/// A loop that is worth sharing does all of its work.
bool loops_run() {
  std::array<kd::Index, 1000> x{};  // not on the heap: a child would leak that of other threads
  kd::parallel_for(1000, 1e6, [&](kd::Index i) { x[static_cast<std::size_t>(i)] = i; });
  return std::accumulate(x.begin(), x.end(), kd::Index{0}) == 1000 * 999 / 2;
}

/// Waits until all of kd's threads have begun: a thread allocates when it begins, and in a child
/// forked at that moment the sanitizers' allocator stays locked.
void await_threads() {
  std::atomic<int> begun{0};
  kd::parallel_for(kd::threads(), 1e6, [&](kd::Index) {
    ++begun;
    while (begun < kd::threads()) std::this_thread::yield();
  });
}

/// All that a child may do with threads.
bool threads_begin_anew() {
  if (kd::threads() != 1 || !loops_run()) return false;
  if (kd::test::sanitizes_threads) return true;  // it lets no thread begin in a child
  for (const int threads : {2, 4, 1, 3}) {
    kd::set_threads(threads);
    for (int loop = 0; loop < 100; ++loop)
      if (!loops_run()) return false;
  }
  return kd::threads() == 3;
}

}  // namespace

TEST_CASE("the child of a fork begins with one thread", "[core][parallel]") {
  const kd::test::Threads use(3);
  await_threads();
  CHECK(loops_run());
  CHECK(kd::test::in_child([] { return true; }));  // and ends, though it has nobody to join
  CHECK(kd::test::in_child(threads_begin_anew));
  CHECK(kd::test::in_child([] {
    return threads_begin_anew() && kd::test::in_child([] { return threads_begin_anew(); });
  }));
  CHECK(kd::threads() == 3);
  CHECK(loops_run());
}

TEST_CASE("a fork may come in the midst of another thread's loops", "[core][parallel]") {
  const kd::test::Threads use(2);
  await_threads();
  std::atomic<bool> begun{false};
  std::atomic<bool> done{false};
  std::atomic<bool> right{true};
  std::thread other([&] {
    for (begun = true; !done;) right = right && loops_run();
  });
  while (!begun) std::this_thread::yield();
  int held = 0;
  for (int child = 0; child < 20; ++child) held += kd::test::in_child(threads_begin_anew) ? 1 : 0;
  done = true;
  other.join();
  CHECK(held == 20);
  CHECK(right);
}

TEST_CASE("a loop whose body forks goes on in the child", "[core][parallel]") {
  const kd::test::Threads use(2);
  await_threads();
  const auto caller = std::this_thread::get_id();
  std::atomic<int> children{0};
  std::atomic<bool> held{true};
  kd::parallel_for(100, 1e6, [&](kd::Index) {
    if (std::this_thread::get_id() != caller || children.exchange(1) != 0) return;
    held = kd::test::in_child(loops_run);
  });
  CHECK(children == 1);
  CHECK(held);
}

TEST_CASE("more threads than the system gives are refused", "[core][parallel]") {
  if (kd::test::sanitizes_memory) return;  // which takes more address space than the limit leaves
  CHECK(kd::test::in_child([] {
    kd::set_threads(2);
    const rlimit limit{2'000'000'000, 2'000'000'000};  // room for some 200 stacks
    if (setrlimit(RLIMIT_AS, &limit) != 0) return false;
    try {
      kd::set_threads(1000);
    } catch (const kd::ConfigError& error) {
      const std::string what = error.what();
      return what.find("that the system gives, got 1000") != std::string::npos &&
             kd::threads() == 2 && loops_run() && (kd::set_threads(4), kd::threads() == 4);
    }
    return false;
  }));
}

#endif
