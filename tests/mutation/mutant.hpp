// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdlib>
#include <type_traits>

/// A header into which mutate.py has written all its mutants at once: the environment chooses one.
namespace mutant {

inline const int chosen = std::getenv("KD_MUTANT") ? std::atoi(std::getenv("KD_MUTANT")) : 0;

inline bool is(int number) { return chosen == number; }

/// Stands in the middle of an operator: `a + Here<7>{} + b` is `a + b`, or `a - b` in mutant 7. It
/// binds as the operator alone did.
template <int Number>
struct Here {};
template <class A, int Number>
struct Left {
  A&& a;
};
template <class B, int Number>
struct Right {
  B&& b;
};

#define KD_MUTANT(before, after)                                        \
  template <class A, int Number>                                        \
  Left<A, Number> operator before(A&& a, Here<Number>) {                \
    return {static_cast<A&&>(a)};                                       \
  }                                                                     \
  template <class A, int Number, class B>                               \
  auto operator before(Left<A, Number> left, B&& b) {                   \
    using Value = decltype(left.a before b);                            \
    return is(Number) ? Value(left.a after b) : Value(left.a before b); \
  }
KD_MUTANT(+, -)
KD_MUTANT(-, +)
KD_MUTANT(*, /)
KD_MUTANT(/, *)
KD_MUTANT(<, <=)
KD_MUTANT(<=, <)
KD_MUTANT(>, >=)
KD_MUTANT(>=, >)
KD_MUTANT(==, !=)
KD_MUTANT(!=, ==)
#undef KD_MUTANT

#define KD_MUTANT(before, after)                          \
  template <int Number, class B>                          \
  Right<B, Number> operator before(Here<Number>, B&& b) { \
    return {static_cast<B&&>(b)};                         \
  }                                                       \
  template <class A, class B, int Number>                 \
  void operator before(A&& a, Right<B, Number> right) {   \
    if (is(Number)) {                                     \
      a after right.b;                                    \
    } else {                                              \
      a before right.b;                                   \
    }                                                     \
  }
KD_MUTANT(+=, -=)
KD_MUTANT(-=, +=)
KD_MUTANT(*=, /=)
#undef KD_MUTANT

template <int Number>
struct Min {
  template <class T>
  static const T& of(const T& a, const T& b) {
    return is(Number) ? std::max(a, b) : std::min(a, b);
  }
};
template <int Number>
struct Max {
  template <class T>
  static const T& of(const T& a, const T& b) {
    return is(Number) ? std::min(a, b) : std::max(a, b);
  }
};

}  // namespace mutant
