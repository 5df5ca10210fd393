// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

#include "kd/core/finite.hpp"
#include "kd/core/types.hpp"

namespace kd {

/// A setting is out of its range: a temperature of zero, a negative weight, an empty batch.
struct ConfigError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// Two sizes that must agree do not: features, classes, samples.
struct ShapeError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// The samples themselves are unusable: an empty set, a label outside its range, a NaN pixel.
struct DataError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// A file cannot be opened, read or written.
struct IoError : std::runtime_error {
  IoError(std::string file, const std::string& what)
      : std::runtime_error(file + ": " + what), path(std::move(file)) {}
  std::string path;
};

/// A file was read but its content is wrong at byte `offset`.
struct FormatError : std::runtime_error {
  FormatError(std::string file, std::uint64_t at, const std::string& what)
      : std::runtime_error(file + ": byte " + std::to_string(at) + ": " + what),
        path(std::move(file)),
        offset(at) {}
  std::string path;
  std::uint64_t offset;
};

/// A loss or gradient is NaN or infinite, or the step with it would make parameters or moments so;
/// all that is trained is as it was after the last good step.
struct NumericError : std::runtime_error {
  NumericError(Index in_epoch, Index in_step, std::string in_tensor)
      : std::runtime_error("epoch " + std::to_string(in_epoch) + ", step " +
                           std::to_string(in_step) + ": " + in_tensor +
                           " is not finite; the network keeps the weights of the step before"),
        epoch(in_epoch),
        step(in_step),
        tensor(std::move(in_tensor)) {}
  Index epoch;         ///< counted from 1
  Index step;          ///< within the epoch, counted from 1
  std::string tensor;  ///< such as "loss" or "update of layer 1 weight"
};

namespace detail {

inline void append(std::string& out, std::string_view part) { out += part; }
inline void append(std::string& out, char part) { out += part; }

template <class Number>
requires std::is_arithmetic_v<Number>
void append(std::string& out, Number number) {
  char digits[64];  // the shortest text that reads back as the same number
  const auto end = std::to_chars(digits, digits + sizeof digits, number);
  out.append(digits, end.ptr);
}

/// Joins text and numbers into one message.
template <class... Parts>
std::string text(const Parts&... parts) {
  std::string out;
  (append(out, parts), ...);
  return out;
}

inline void check_positive(const char* name, double value) {
  if (!is_finite(value) || value <= 0)
    throw ConfigError(text(name, " must be positive and finite, got ", value));
}

inline void check_not_negative(const char* name, double value) {
  if (!is_finite(value) || value < 0)
    throw ConfigError(text(name, " must be zero or more and finite, got ", value));
}

/// `value` in `[low, high)`.
inline void check_range(const char* name, double value, double low, double high) {
  if (!is_finite(value) || value < low || value >= high)
    throw ConfigError(text(name, " must be in [", low, ", ", high, "), got ", value));
}

// An option is a double; as the `S` that it is used as it must still be what it is, neither 0 nor
// infinite nor so small that it has lost its digits.

template <Real S>
inline constexpr const char* scalar_name = std::is_same_v<S, float> ? "float" : "double";

template <Real S>
constexpr bool is_normal(double value) {
  return value >= static_cast<double>(std::numeric_limits<S>::min()) &&
         value <= static_cast<double>(std::numeric_limits<S>::max());
}

template <Real S>
void check_positive(const char* name, double value) {
  check_positive(name, value);
  if (!is_normal<S>(value))
    throw ConfigError(
        text(name, " must be positive and finite in ", scalar_name<S>, ", got ", value));
}

template <Real S>
void check_not_negative(const char* name, double value) {
  check_not_negative(name, value);
  if (value > 0 && !is_normal<S>(value))
    throw ConfigError(
        text(name, " must be zero, or positive and finite in ", scalar_name<S>, ", got ", value));
}

/// `value` in `[0, 1)`, and not 1 when it is rounded.
template <Real S>
void check_share(const char* name, double value) {
  check_range(name, value, 0, 1);
  if (static_cast<S>(value) >= S(1))
    throw ConfigError(text(name, " must be in [0, 1) in ", scalar_name<S>, ", got ", value));
}

/// A temperature divides logits and its square multiplies losses: both must fit a float.
inline void check_temperature(const char* name, double value) {
  check_positive(name, value);
  if (value < 1e-18 || value > 1e18)
    throw ConfigError(text(name, " must be between 1e-18 and 1e18, got ", value));
}

inline void check_at_least_one(const char* name, Index value) {
  if (value < 1) throw ConfigError(text(name, " must be at least 1, got ", value));
}

/// `got` must equal `expected`; `what` and `where` say what is counted and at whom.
inline void check_equal(const char* where, const char* what, Index expected, Index got) {
  if (expected != got)
    throw ShapeError(text(where, ": expected ", expected, " ", what, ", got ", got));
}

}  // namespace detail
}  // namespace kd
