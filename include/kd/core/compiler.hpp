// SPDX-License-Identifier: MIT
#pragma once

// What kd asks of the compiler, each in one sentence. Compilers read on after #error and bury it
// under what follows from it; the file that does not exist stops them.

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 12
#error "kd needs g++ 12 or newer; this is an older one."
#include "the_error_above_says_why"
#elif defined(__clang__) && !defined(__apple_build_version__) && __clang_major__ < 14
#error "kd needs clang 14 or newer; this is an older one."
#include "the_error_above_says_why"
#elif __cplusplus < 202002L && !(defined(_MSVC_LANG) && _MSVC_LANG >= 202002L)
#error "kd needs C++20: compile with -std=c++20, or link kd::kd with CMake, which asks for it."
#include "the_error_above_says_why"
#elif defined(__GNUC__) && !defined(__EXCEPTIONS)
#error "kd needs exceptions: it reports bad input with them. Compile without -fno-exceptions."
#include "the_error_above_says_why"
#endif

// Functions that are no templates. Alone, headers define them inline; who links kd::compiled, which
// defines KD_COMPILED, finds them in its library, and the compiler does not read them again.
#ifdef KD_COMPILED
#define KD_INLINE
#else
#define KD_INLINE inline
#endif
#if !defined(KD_COMPILED) || defined(KD_COMPILED_SOURCE)
#define KD_DEFINES 1
#else
#define KD_DEFINES 0
#endif
