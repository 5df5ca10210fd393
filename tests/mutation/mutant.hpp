// SPDX-License-Identifier: MIT
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cstdlib>
#include <type_traits>

/// A header into which mutate.py has written all its mutants at once: the environment chooses one.
namespace mutant {

inline const int chosen = std::getenv("KD_MUTANT") ? std::atoi(std::getenv("KD_MUTANT")) : 0;

inline bool is(int number) { return chosen == number; }

/// How a program ends whose types have no such operator: alone, the mutant would not compile.
inline constexpr int no_operator = 77;

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

template <template <class> class Base, class T>
constexpr bool is_of() {
  if constexpr (requires { typename T::PlainObject; })
    return std::is_base_of_v<Base<T>, T>;
  else
    return false;
}
template <class T>
inline constexpr bool is_array = is_of<Eigen::ArrayBase, std::remove_cvref_t<T>>();
template <class T>
inline constexpr bool is_matrix = is_of<Eigen::MatrixBase, std::remove_cvref_t<T>>();
template <class T>
inline constexpr bool is_expression = is_array<T> || is_matrix<T>;
template <class T>
inline constexpr bool is_number = std::is_arithmetic_v<std::remove_cvref_t<T>>;

/// What both operators give: Eigen's expressions of two are two types, but the same when computed.
template <class T>
struct Result {
  using Type = T;
};
template <class T>
requires requires { typename T::PlainObject; }
struct Result<T> {
  using Type = typename T::PlainObject;
};

/// The one operator or the other on elements: of arrays, and of sums of matrices, it makes an
/// expression as Eigen does, which larger expressions hold, where they would only refer to a
/// result.
#define KD_MUTANT(before, after, adds)                                                        \
  template <class A, int Number>                                                              \
  Left<A, Number> operator before(A&& a, Here<Number>) {                                      \
    return {static_cast<A&&>(a)};                                                             \
  }                                                                                           \
  template <class A, int Number, class B>                                                     \
  auto operator before(Left<A, Number> left, B&& b) {                                         \
    const auto choose = [](auto x, auto y) { return is(Number) ? x after y : x before y; };   \
    if constexpr ((is_array<A> && is_array<B>) || (adds && is_matrix<A> && is_matrix<B>)) {   \
      return left.a.binaryExpr(b, choose);                                                    \
    } else if constexpr (is_expression<A> && is_number<B>) {                                  \
      using S = typename std::remove_cvref_t<A>::Scalar;                                      \
      return left.a.unaryExpr([choose, y = static_cast<S>(b)](S x) { return choose(x, y); }); \
    } else if constexpr (is_number<A> && is_expression<B>) {                                  \
      using S = typename std::remove_cvref_t<B>::Scalar;                                      \
      return b.unaryExpr([choose, x = static_cast<S>(left.a)](S y) { return choose(x, y); }); \
    } else {                                                                                  \
      using Value = typename Result<decltype(left.a before b)>::Type;                         \
      if (is(Number)) {                                                                       \
        if constexpr (requires { Value(left.a after b); }) return Value(left.a after b);      \
        std::_Exit(no_operator);                                                              \
      }                                                                                       \
      return Value(left.a before b);                                                          \
    }                                                                                         \
  }
KD_MUTANT(+, -, true)
KD_MUTANT(-, +, true)
KD_MUTANT(*, /, false)
KD_MUTANT(/, *, false)
KD_MUTANT(<, <=, false)
KD_MUTANT(<=, <, false)
KD_MUTANT(>, >=, false)
KD_MUTANT(>=, >, false)
KD_MUTANT(==, !=, false)
KD_MUTANT(!=, ==, false)
#undef KD_MUTANT

#define KD_MUTANT(before, after)                          \
  template <int Number, class B>                          \
  Right<B, Number> operator before(Here<Number>, B&& b) { \
    return {static_cast<B&&>(b)};                         \
  }                                                       \
  template <class A, class B, int Number>                 \
  void operator before(A&& a, Right<B, Number> right) {   \
    if (!is(Number)) {                                    \
      a before right.b;                                   \
    } else {                                              \
      if constexpr (requires { a after right.b; })        \
        a after right.b;                                  \
      else                                                \
        std::_Exit(no_operator);                          \
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
