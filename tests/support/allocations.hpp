// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdlib>

#include "kd/core/types.hpp"

/// Counts what a program allocates, Eigen's matrices and the standard library's containers alike,
/// by standing in front of glibc's malloc. Elsewhere, and under a sanitizer that does the same,
/// nothing is counted.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define KD_TEST_SANITIZED
#endif
#endif
#if defined(__GLIBC__) && !defined(KD_TEST_SANITIZED) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define KD_TEST_COUNTS_ALLOCATIONS 1
#else
#define KD_TEST_COUNTS_ALLOCATIONS 0
#endif

namespace kd::test {

/// Whether this program counts its allocations.
constexpr bool counts_allocations() { return KD_TEST_COUNTS_ALLOCATIONS != 0; }

namespace detail {
inline constinit std::atomic<Index> allocation_count{0};
}

/// How often memory has been asked for so far, by anyone and on any thread.
inline Index allocations() { return detail::allocation_count.load(); }

}  // namespace kd::test

#if KD_TEST_COUNTS_ALLOCATIONS
// Weak, because every source that includes this defines them.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

[[gnu::weak]] void* malloc(std::size_t size) noexcept {
  ++kd::test::detail::allocation_count;
  return __libc_malloc(size);
}
[[gnu::weak]] void* calloc(std::size_t count, std::size_t size) noexcept {
  ++kd::test::detail::allocation_count;
  return __libc_calloc(count, size);
}
[[gnu::weak]] void* realloc(void* old, std::size_t size) noexcept {
  ++kd::test::detail::allocation_count;
  return __libc_realloc(old, size);
}
[[gnu::weak]] void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  ++kd::test::detail::allocation_count;
  return __libc_memalign(alignment, size);
}
[[gnu::weak]] int posix_memalign(void** place, std::size_t alignment, std::size_t size) noexcept {
  ++kd::test::detail::allocation_count;
  *place = __libc_memalign(alignment, size);
  return *place == nullptr ? 12 : 0;  // ENOMEM
}
}
#endif
