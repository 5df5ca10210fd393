// SPDX-License-Identifier: MIT
#pragma once

#include <Eigen/Core>

#include "kd/version.hpp"

// A program and the library of kd::compiled share Eigen's matrices and functions that are compiled
// in both. So they must be compiled for processors alike, and of one version of kd: otherwise the
// linker misses `must_be_linked` of the library that would suit, whose name says what it is.
namespace kd::compiled {

template <int Bytes>
struct aligned_to;
template <int Bytes>
struct vectors_of;
template <bool Has>
struct fused_multiply_add;
template <bool Uses>
struct products_by_blas;
template <int Major, int Minor, int Patch>
struct version;

template <class... Properties>
struct library {
  static void must_be_linked();
};

#if defined(__AVX512F__)
inline constexpr int vector_bytes = 64;
#elif defined(__AVX__)
inline constexpr int vector_bytes = 32;
#else
inline constexpr int vector_bytes = 16;
#endif
#ifdef __FMA__
inline constexpr bool has_fma = true;
#else
inline constexpr bool has_fma = false;
#endif
#ifdef EIGEN_USE_BLAS
inline constexpr bool uses_blas = true;
#else
inline constexpr bool uses_blas = false;
#endif

/// The one for code that is compiled as this is.
using SuitableLibrary = library<version<KD_VERSION_MAJOR, KD_VERSION_MINOR, KD_VERSION_PATCH>,
                                aligned_to<EIGEN_MAX_ALIGN_BYTES>, vectors_of<vector_bytes>,
                                fused_multiply_add<has_fma>, products_by_blas<uses_blas>>;

#ifndef KD_COMPILED_SOURCE
namespace {
[[maybe_unused, gnu::used]] void (*const needed)() = &SuitableLibrary::must_be_linked;
}
#endif

}  // namespace kd::compiled
