// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "kd/core/finite.hpp"
#include "kd/core/guard.hpp"
#include "kd/core/view.hpp"
#include "kd/cpu/chunks.hpp"
#include "kd/cpu/for_elements.hpp"
#include "kd/cpu/simd.hpp"
#include "kd/cpu/space.hpp"

namespace kd::cpu {

namespace detail {

/// Whether `n` numbers are below `limit` in size, none of them NaN.
template <Real S>
bool all_below(S limit, const S* x, Index n) {
  constexpr Index N = simd::width<S>;
  using Bits = simd::Vector<kd::detail::BitsOf<S>, N>;
  // Added to bits without their sign, it carries into the sign from the limit on.
  const auto to_sign = kd::detail::all_but_sign<S> + 1 - kd::detail::bits_of(limit);
  const auto carried = [&](Index i) {
    const auto bits = simd::bits_as<Bits>(simd::load<N>(x + i));
    return (bits & kd::detail::all_but_sign<S>)+to_sign;
  };
  Bits seen[2]{};
  Index i = 0;
  for (; i + 2 * N <= n; i += 2 * N) {
    seen[0] |= carried(i);
    seen[1] |= carried(i + N);
  }
  simd::Array<kd::detail::BitsOf<S>, N> lanes;
  simd::store(seen[0] | seen[1], lanes);
  for (Index lane = 1; lane < N; ++lane) lanes[0] |= lanes[lane];
  for (; i < n; ++i)
    lanes[0] |= (std::bit_cast<kd::detail::BitsOf<S>>(x[i]) & kd::detail::all_but_sign<S>)+to_sign;
  return !kd::detail::has_sign<S>(lanes[0]);
}

template <Real S>
bool is_finite(const S* x, Index n) {
  return all_below(kd::detail::positive_infinity<S>, x, n);
}

/// Whether all of `x` is below `limit`; `failed(at, n)` is told of each piece that is not.
template <Real S, class Failed>
bool check_below(S limit, VectorView<const S> x, Failed&& failed) {
  std::atomic<bool> fine = true;
  // Cheaper than that, but the optimizer comes next, and this shares the block out as it does.
  for_chunks(x.size, 4, [&](Index at, Index n) {
    if (all_below(limit, x.data + at, n)) return;
    fine.store(false, std::memory_order_relaxed);
    failed(at, n);
  });
  return fine;
}

/// `least = min(least, base + i)` for the first `x[i]` that is not finite.
template <Real S>
void note_nonfinite(const S* x, Index n, Index base, std::atomic<Index>& least) {
  if (is_finite(x, n)) return;
  Index at = base;
  while (kd::detail::is_finite(*x)) ++x, ++at;
  Index known = least.load(std::memory_order_relaxed);
  while (at < known && !least.compare_exchange_weak(known, at, std::memory_order_relaxed)) {
  }
}

/// Calls `look(at, n, least)` for pieces of `[0, size)`, which lowers `least` to the first place of
/// what is not finite; unless nobody has to look.
template <class Look>
void look_ahead(Index size, const Lookout<>& lookout, Look&& look) {
  if (*lookout.guard.data != 0 || *lookout.careful.data == 0) return;
  std::atomic<Index> least = size;
  for_chunks(size, 8, [&](Index at, Index n) { look(at, n, least); });
  if (least < size)
    *lookout.where.data =
        std::min(*lookout.where.data, static_cast<unsigned long long>(lookout.first + least));
}

}  // namespace detail

/// Raises the guard when a number is NaN or infinite.
template <Real S>
void op_flag_nonfinite(const Space&, VectorView<const S> x, Guard<> guard) {
  if (!detail::check_below(kd::detail::positive_infinity<S>, x, [](Index, Index) {}))
    *guard.data = 1;
}

/// Raises `flag` when a number is NaN or not below `limit` in size.
template <Real S>
void op_flag_large(const Space&, VectorView<const S> x, double limit,
                   VectorView<std::int32_t> flag) {
  if (!detail::check_below(static_cast<S>(limit), x, [](Index, Index) {})) *flag.data = 1;
}

/// Both in one pass: the guard for NaN and infinity, `large` for what is not below `limit`.
template <Real S>
void op_flag_gradients(const Space&, VectorView<const S> x, double limit, Guard<> guard,
                       VectorView<std::int32_t> large) {
  std::atomic<bool> bad = false;
  const bool is_small = detail::check_below(static_cast<S>(limit), x, [&](Index at, Index n) {
    if (!detail::is_finite(x.data + at, n)) bad.store(true, std::memory_order_relaxed);
  });
  if (!is_small) *large.data = 1;
  if (bad) *guard.data = 1;
}

/// Notes in `lookout.where` the first of the parameters that is not finite.
template <Real S>
void op_look_at(const Space&, VectorView<const S> params, const Lookout<>& lookout) {
  detail::look_ahead(params.size, lookout, [&](Index at, Index n, std::atomic<Index>& least) {
    detail::note_nonfinite(params.data + at, n, at, least);
  });
}

/// Ends the look ahead: raises the guard when something was found, counts a good step when it is
/// down.
inline void op_settle_guard(const Space&, VectorView<const unsigned long long> where, Guard<> guard,
                            VectorView<std::int32_t> good_steps) {
  if (*where.data != Lookout<>::nowhere) *guard.data = 1;
  if (*guard.data == 0) ++*good_steps.data;
}

/// `x = before` where the guard is raised.
template <Real S>
void op_restore(const Space& space, VectorView<const S> before, VectorView<S> x,
                VectorView<const std::int32_t> guard) {
  if (*guard.data != 0)
    space.copy(x.data, before.data, static_cast<std::size_t>(x.size) * sizeof(S));
}

/// `x *= min(1, max_norm / (sqrt(square_sum) + 1e-6))`, as PyTorch's clip_grad_norm_; nothing where
/// the sum is not finite.
template <Real S>
void op_clip(const Space&, VectorView<S> x, VectorView<const double> square_sum, double max_norm) {
  if (!kd::detail::is_finite(*square_sum.data)) return;
  const double factor = max_norm / (std::sqrt(*square_sum.data) + 1e-6);
  if (factor >= 1) return;
  if (factor >= std::numeric_limits<S>::min()) {
    detail::for_elements<S>(0, x.size, [&]<Index N>(detail::Width<N>, Index i) {
      simd::store(simd::load<N>(x.data + i) * static_cast<S>(factor), x.data + i);
    });
  } else {  // no S has its digits
    for (Index i = 0; i < x.size; ++i) x.data[i] = static_cast<S>(x.data[i] * factor);
  }
}

}  // namespace kd::cpu
