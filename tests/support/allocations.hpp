// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <limits>

#include "kd/core/matrix.hpp"
#include "support/sanitizers.hpp"

/// Counts what a program allocates, Eigen's matrices and the standard library's containers alike,
/// and refuses it, by standing in front of glibc's malloc. Elsewhere, and under a sanitizer that
/// does the same, nothing is counted or refused.
#if defined(__GLIBC__) && !KD_TEST_SANITIZES_MEMORY
#define KD_TEST_COUNTS_ALLOCATIONS 1
#else
#define KD_TEST_COUNTS_ALLOCATIONS 0
#endif

namespace kd::test {

/// Whether this program counts its allocations.
constexpr bool counts_allocations() { return KD_TEST_COUNTS_ALLOCATIONS != 0; }

namespace support {
inline constinit std::atomic<Index> allocation_count{0};
inline constinit std::atomic<Index> live_count{0};
inline constinit std::atomic<Index> refused_one{0};
inline constinit std::atomic<std::size_t> largest{std::numeric_limits<std::size_t>::max()};

inline bool refuses(std::size_t size) {
  const bool refused = ++allocation_count == refused_one || size > largest;
  if (refused) errno = ENOMEM;
  return refused;
}

/// What malloc and its like answer.
template <class F>
void* allocate(std::size_t size, F from_libc) {
  void* const place = refuses(size) ? nullptr : from_libc();
  if (place != nullptr) ++live_count;
  return place;
}
}  // namespace support

/// How often memory has been asked for so far, by anyone and on any thread.
inline Index allocations() { return support::allocation_count.load(); }

/// How many of them have not been freed.
inline Index live_allocations() { return support::live_count.load(); }

/// Until the end of the scope one allocation fails, the n-th from now on.
class FailNthAllocation {
 public:
  explicit FailNthAllocation(Index n) : at_(allocations() + n) { support::refused_one = at_; }
  FailNthAllocation(const FailNthAllocation&) = delete;
  FailNthAllocation& operator=(const FailNthAllocation&) = delete;
  ~FailNthAllocation() { support::refused_one = 0; }

  bool failed() const { return allocations() >= at_; }

 private:
  Index at_;
};

/// Until the end of the scope no allocation of more bytes succeeds.
class LimitAllocations {
 public:
  explicit LimitAllocations(std::size_t bytes) { support::largest = bytes; }
  LimitAllocations(const LimitAllocations&) = delete;
  LimitAllocations& operator=(const LimitAllocations&) = delete;
  ~LimitAllocations() { support::largest = std::numeric_limits<std::size_t>::max(); }
};

}  // namespace kd::test

#if KD_TEST_COUNTS_ALLOCATIONS
// Weak, because every source that includes this defines them. Behind Eigen, for which clang's
// headers declare posix_memalign without noexcept.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* place);

[[gnu::weak]] void* malloc(std::size_t size) noexcept {
  return kd::test::support::allocate(size, [&] { return __libc_malloc(size); });
}
[[gnu::weak]] void* calloc(std::size_t count, std::size_t size) noexcept {
  return kd::test::support::allocate(count * size, [&] { return __libc_calloc(count, size); });
}
[[gnu::weak]] void* realloc(void* old, std::size_t size) noexcept {
  if (old == nullptr) return malloc(size);
  if (kd::test::support::refuses(size)) return nullptr;
  void* const place = __libc_realloc(old, size);
  if (size == 0) --kd::test::support::live_count;
  return place;
}
[[gnu::weak]] void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  return kd::test::support::allocate(size, [&] { return __libc_memalign(alignment, size); });
}
[[gnu::weak]] int posix_memalign(void** place, std::size_t alignment, std::size_t size) noexcept {
  *place = aligned_alloc(alignment, size);
  return *place == nullptr ? ENOMEM : 0;
}
[[gnu::weak]] void free(void* place) noexcept {
  if (place != nullptr) --kd::test::support::live_count;
  __libc_free(place);
}
}
#endif
