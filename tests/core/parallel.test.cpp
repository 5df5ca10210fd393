// SPDX-License-Identifier: MIT
#include "kd/core/parallel.hpp"

#include <cmath>
#include <cstdint>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/threads.hpp"

namespace {

constexpr double heavy = 1e6;  // worth waking the others

/// How often each index was visited.
std::vector<int> visits(kd::Index count, double work) {
  std::vector<int> times(static_cast<std::size_t>(count));
  kd::parallel_for(count, work, [&](kd::Index i) { ++times[static_cast<std::size_t>(i)]; });
  return times;
}

}  // namespace

TEST_CASE("the number of threads is checked", "[core][parallel]") {
  const kd::test::Threads restore(1);
  CHECK_THROWS_WITH(kd::set_threads(0), "set_threads: expected 1 to 1024 threads, got 0");
  CHECK_THROWS_AS(kd::set_threads(-1), kd::ConfigError);
  CHECK_THROWS_AS(kd::set_threads(1025), kd::ConfigError);
  CHECK(kd::threads() == 1);
  kd::set_threads(3);
  CHECK(kd::threads() == 3);
}

TEST_CASE("what an iteration throws reaches the caller", "[core][parallel]") {
  for (const int threads : {1, 2, 4}) {
    const kd::test::Threads use(threads);
    for (const kd::Index bad : {0, 7, 99, 100}) {  // at 100 there is none
      INFO("iteration " << bad << " on " << threads << " threads");
      std::string what;
      try {
        kd::parallel_for(100, heavy, [&](kd::Index i) {
          if (i == bad) throw kd::DataError("iteration " + std::to_string(i));
        });
      } catch (const kd::DataError& error) {
        what = error.what();
      }
      CHECK(what == (bad < 100 ? "iteration " + std::to_string(bad) : ""));
      const std::vector<int> once(100, 1);
      CHECK(visits(100, heavy) == once);
    }
  }
}

TEST_CASE("every iteration may throw, on every thread", "[core][parallel]") {
  const kd::test::Threads use(4);
  for (int loop = 0; loop < 200; ++loop)
    CHECK_THROWS_AS(
        kd::parallel_for(100, heavy, [](kd::Index i) { throw kd::DataError(std::to_string(i)); }),
        kd::DataError);
}

TEST_CASE("the body of a loop cannot change the number of threads", "[core][parallel]") {
  const kd::test::Threads use(2);
  CHECK_THROWS_WITH(kd::parallel_for(100, heavy, [](kd::Index) { kd::set_threads(3); }),
                    "set_threads: called by the body of a loop that runs on these threads");
  CHECK(kd::threads() == 2);
  kd::set_threads(3);
  CHECK(kd::threads() == 3);
}

TEST_CASE("every index is visited once", "[core][parallel]") {
  for (const int threads : {1, 2, 4}) {
    const kd::test::Threads use(threads);
    for (const kd::Index count : {0, 1, 2, 3, 7, 1000}) {
      INFO(count << " iterations on " << threads << " threads");
      const std::vector<int> once(static_cast<std::size_t>(count), 1);
      CHECK(visits(count, heavy) == once);
      CHECK(visits(count, 1) == once);
    }
  }
}

TEST_CASE("short loops stay with the caller", "[core][parallel]") {
  const kd::test::Threads use(2);
  const auto caller = std::this_thread::get_id();
  kd::parallel_for(100, 1, [&](kd::Index) {
    if (std::this_thread::get_id() != caller) std::terminate();
  });
}

TEST_CASE("long loops are shared", "[core][parallel]") {
  const kd::test::Threads use(2);
  // A worker may be late for a loop, but not for all of these.
  std::vector<std::thread::id> who(64);
  bool shared = false;
  for (int attempt = 0; attempt < 1000 && !shared; ++attempt) {
    kd::parallel_for(64, heavy, [&](kd::Index i) {
      who[static_cast<std::size_t>(i)] = std::this_thread::get_id();
      std::this_thread::yield();
      volatile double sink = 0;
      for (int k = 0; k < 1000; ++k) sink = sink + k;
    });
    shared = std::set<std::thread::id>(who.begin(), who.end()).size() == 2;
  }
  CHECK(shared);
}

TEST_CASE("loops follow each other quickly, and threads come and go", "[core][parallel]") {
  for (const int threads : {2, 3, 1, 2}) {
    const kd::test::Threads use(threads);
    std::int64_t total = 0;
    for (int loop = 0; loop < 2000; ++loop) {
      std::array<std::int64_t, 8> parts{};
      kd::parallel_for(8, heavy, [&](kd::Index i) { parts[static_cast<std::size_t>(i)] = i; });
      for (const std::int64_t part : parts) total += part;
    }
    CHECK(total == 2000 * 28);
  }
}

TEST_CASE("loops of a few microseconds run, however far the threads are", "[core][parallel]") {
  // Now and then one of them is preceded by a look at how far that is.
  const kd::test::Threads use(3);
  const std::vector<int> once(10, 1);
  int wrong = 0, thrown = 0;
  for (int loop = 0; loop < 5000; ++loop) {
    wrong += visits(10, 5000) != once;
    try {
      kd::parallel_for(10, 5000, [](kd::Index i) {
        if (i == 5) throw kd::DataError("five");
      });
    } catch (const kd::DataError&) {
      ++thrown;
    }
  }
  CHECK(wrong == 0);
  CHECK(thrown == 5000);
}

TEST_CASE("a loop inside a loop runs", "[core][parallel]") {
  const kd::test::Threads use(2);
  std::array<std::array<int, 5>, 6> times{};
  kd::parallel_for(6, heavy, [&](kd::Index i) {
    kd::parallel_for(5, heavy, [&](kd::Index j) {
      ++times[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)];
    });
  });
  for (const auto& row : times)
    for (const int t : row) CHECK(t == 1);
}

TEST_CASE("two user threads may loop at the same time", "[core][parallel]") {
  const kd::test::Threads use(2);
  std::array<std::int64_t, 2> wrong{};
  const auto work = [&](std::size_t user) {
    for (int loop = 0; loop < 500; ++loop) {
      const std::vector<int> times = visits(50, heavy);
      for (const int t : times) wrong[user] += t != 1 ? 1 : 0;
    }
  };
  std::thread other([&] { work(1); });
  work(0);
  other.join();
  CHECK(wrong[0] == 0);
  CHECK(wrong[1] == 0);
}
