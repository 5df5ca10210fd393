// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace kd::cpu::detail {

inline constexpr std::size_t huge_page_bytes = std::size_t{2} << 20;

/// Asks for the huge pages that lie within `bytes` of fresh memory, of which nothing has been
/// touched: a kernel that walks over a page a column then waits for no page table. It is a wish: a
/// system without them, or out of them, gives small ones.
inline void ask_for_huge_pages([[maybe_unused]] void* data, [[maybe_unused]] std::size_t bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  const auto address = reinterpret_cast<std::uintptr_t>(data);
  const std::size_t before = -address % huge_page_bytes;
  if (bytes < before + huge_page_bytes) return;
  const std::size_t whole = (bytes - before) / huge_page_bytes * huge_page_bytes;
  static_cast<void>(madvise(static_cast<char*>(data) + before, whole, MADV_HUGEPAGE));
#endif
}

}  // namespace kd::cpu::detail
