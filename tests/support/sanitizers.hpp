// SPDX-License-Identifier: MIT
#pragma once

/// Which sanitizers this program runs under; g++ says it in macros, clang in features.
#if defined(__has_feature)
#define KD_TEST_HAS_FEATURE(name) __has_feature(name)
#else
#define KD_TEST_HAS_FEATURE(name) 0
#endif

namespace kd::test {

inline constexpr bool sanitizes_threads =
#if defined(__SANITIZE_THREAD__) || KD_TEST_HAS_FEATURE(thread_sanitizer)
    true;
#else
    false;
#endif

/// Those that stand in front of malloc and map much more memory than the program uses.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                   \
    KD_TEST_HAS_FEATURE(address_sanitizer) || KD_TEST_HAS_FEATURE(thread_sanitizer) || \
    KD_TEST_HAS_FEATURE(memory_sanitizer)
#define KD_TEST_SANITIZES_MEMORY 1
#else
#define KD_TEST_SANITIZES_MEMORY 0
#endif
inline constexpr bool sanitizes_memory = KD_TEST_SANITIZES_MEMORY != 0;

}  // namespace kd::test
