// SPDX-License-Identifier: MIT
#pragma once

#include <limits>

#include "kd/core/guard.hpp"
#include "kd/cuda/elementwise.cuh"

namespace kd::cuda {

namespace detail {

template <Real S>
inline constexpr S least_normal = std::numeric_limits<S>::min();

/// Zero times a finite number is zero; times any other it is NaN.
template <Real S>
__device__ __forceinline__ bool is_finite(S x) {
  return x * S(0) == S(0);
}

/// Raises `large` for what is not below `limit`, and the guard, where there is one, for what is not
/// finite.
template <Real S>
struct FlagLarge {
  const S* x;
  S limit;
  std::int32_t* large;
  std::int32_t* guard;

  template <int N>
  __device__ void apply(Index i) const {
    const Pack<S, N> value = load<N>(x + i);
    bool is_large = false;
    bool bad = false;
    for (int k = 0; k < N; ++k) {
      is_large = is_large || !(std::abs(value.v[k]) < limit);
      bad = bad || !is_finite(value.v[k]);
    }
    if (is_large) atomicExch(large, 1);
    if (bad && guard != nullptr) atomicExch(guard, 1);
  }
};

template <Real S>
struct FlagNonfinite {
  const S* x;
  std::int32_t* guard;

  template <int N>
  __device__ void apply(Index i) const {
    const Pack<S, N> value = load<N>(x + i);
    bool bad = false;
    for (int k = 0; k < N; ++k) bad = bad || !is_finite(value.v[k]);
    if (bad) atomicExch(guard, 1);
  }
};

/// What the kernels that look ahead do with what they find.
struct Finder {
  const std::int32_t* guard;
  const std::int32_t* careful;
  unsigned long long* where;
  Index first;

  explicit Finder(const Lookout<Space>& lookout)
      : guard(lookout.guard.data),
        careful(lookout.careful.data),
        where(lookout.where.data),
        first(lookout.first) {}

  __device__ __forceinline__ bool is_idle() const { return *guard != 0 || *careful == 0; }
  __device__ __forceinline__ void note(Index i) const {
    atomicMin(where, static_cast<unsigned long long>(first + i));
  }
};

template <Real S>
struct LookAt {
  const S* x;
  Finder finder;

  template <int N>
  __device__ void apply(Index i) const {
    if (finder.is_idle()) return;
    const Pack<S, N> value = load<N>(x + i);
    for (int k = 0; k < N; ++k)
      if (!is_finite(value.v[k])) finder.note(i + k);
  }
};

template <Real S>
struct Restore {
  const S* before;
  S* x;
  const std::int32_t* guard;

  template <int N>
  __device__ void apply(Index i) const {
    if (*guard != 0) store(x + i, load<N>(before + i));
  }
};

template <Real S>
struct Clip {
  S* x;
  const double* square_sum;
  double max_norm;

  template <int N>
  __device__ void apply(Index i) const {
    if (!is_finite(*square_sum)) return;
    const double factor = max_norm / (std::sqrt(*square_sum) + 1e-6);
    if (factor >= 1) return;
    Pack<S, N> value = load<N>(x + i);
    if (factor >= least_normal<S>) {
      for (int k = 0; k < N; ++k) value.v[k] *= static_cast<S>(factor);
    } else {  // no S has its digits
      for (int k = 0; k < N; ++k) value.v[k] = static_cast<S>(value.v[k] * factor);
    }
    store(x + i, value);
  }
};

template <class T>
__global__ void settle_guard(const unsigned long long* where, std::int32_t* guard, T* good_steps) {
  if (threadIdx.x != 0) return;
  if (*where != Lookout<Space>::nowhere) *guard = 1;
  if (*guard == 0) ++*good_steps;
}

}  // namespace detail

/// Raises the guard when a number is NaN or infinite.
template <Real S>
void op_flag_nonfinite(const Space& space, VectorView<const S, Space> x, Guard<Space> guard) {
  detail::for_each<S>(space, "flag nonfinite", x.size, detail::FlagNonfinite<S>{x.data, guard.data},
                      x.data);
}

/// Raises `flag` when a number is NaN or not below `limit` in size.
template <Real S>
void op_flag_large(const Space& space, VectorView<const S, Space> x, double limit,
                   VectorView<std::int32_t, Space> flag) {
  detail::for_each<S>(space, "flag large", x.size,
                      detail::FlagLarge<S>{x.data, static_cast<S>(limit), flag.data, nullptr},
                      x.data);
}

/// Both in one pass: the guard for NaN and infinity, `large` for what is not below `limit`.
template <Real S>
void op_flag_gradients(const Space& space, VectorView<const S, Space> x, double limit,
                       Guard<Space> guard, VectorView<std::int32_t, Space> large) {
  detail::for_each<S>(space, "flag gradients", x.size,
                      detail::FlagLarge<S>{x.data, static_cast<S>(limit), large.data, guard.data},
                      x.data);
}

/// Notes in `lookout.where` the first of the parameters that is not finite.
template <Real S>
void op_look_at(const Space& space, VectorView<const S, Space> params,
                const Lookout<Space>& lookout) {
  detail::for_each<S>(space, "look at", params.size,
                      detail::LookAt<S>{params.data, detail::Finder(lookout)}, params.data);
}

/// Ends the look ahead: raises the guard when something was found, counts a good step when it is
/// down.
inline void op_settle_guard(const Space& space, VectorView<const unsigned long long, Space> where,
                            Guard<Space> guard, VectorView<std::int32_t, Space> good_steps) {
  detail::launch(space, "settle guard", 1, 32, detail::settle_guard<std::int32_t>, where.data,
                 guard.data, good_steps.data);
}

/// `x = before` where the guard is raised.
template <Real S>
void op_restore(const Space& space, VectorView<const S, Space> before, VectorView<S, Space> x,
                VectorView<const std::int32_t, Space> guard) {
  detail::for_each<S>(space, "restore", x.size, detail::Restore<S>{before.data, x.data, guard.data},
                      before.data, x.data);
}

/// `x *= min(1, max_norm / (sqrt(square_sum) + 1e-6))`, as PyTorch's clip_grad_norm_; nothing where
/// the sum is not finite.
template <Real S>
void op_clip(const Space& space, VectorView<S, Space> x, VectorView<const double, Space> square_sum,
             double max_norm) {
  detail::for_each<S>(space, "clip", x.size, detail::Clip<S>{x.data, square_sum.data, max_norm},
                      x.data);
}

}  // namespace kd::cuda
