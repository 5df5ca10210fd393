// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "kd/core/error.hpp"

/// Pieces of C99 source text.
namespace kd::c_source {

inline constexpr std::size_t columns = 100;

/// A number as C has it: "0.1f" of a float, "-3" of an integer.
template <class T>
std::string literal(T number) {
  std::string digits = detail::text(number);
  if constexpr (std::is_floating_point_v<T>) {
    if (digits.find_first_of(".e") == std::string::npos) digits += ".0";
    digits += 'f';
  } else if constexpr (sizeof(T) == 4) {
    if (number == std::numeric_limits<T>::min()) return "(-2147483647 - 1)";
  }
  return digits;
}

template <class T>
constexpr const char* type_name() {
  if constexpr (std::is_same_v<T, float>) return "float";
  if constexpr (std::is_same_v<T, std::int8_t>) return "int8_t";
  if constexpr (std::is_same_v<T, std::int32_t>) return "int32_t";
}

/// Numbers between braces, in lines.
template <class T>
std::string braced(std::span<const T> numbers) {
  std::string all = "{";
  std::string line = "\n ";
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    std::string next = ' ' + literal(numbers[i]);
    if (i + 1 < numbers.size()) next += ',';
    if (line.size() + next.size() > columns) {
      all += line;
      line = "\n ";
    }
    line += next;
  }
  return all + line + "\n}";
}

inline std::string upper(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

/// The name behind the last slash of `path`, which C has to take as one. Throws `ConfigError`.
inline std::string name_of(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  bool fits = !name.empty() && is_letter(name[0]);
  for (const char c : name) fits = fits && (is_letter(c) || c == '_' || (c >= '0' && c <= '9'));
  if (!fits)
    throw ConfigError(
        detail::text("export_c: expected a path that ends in a name of letters, "
                     "digits and '_', such as \"build/student\", got \"",
                     path, '"'));
  return name;
}

/// `text` with every `$` as `name`.
inline std::string named(std::string_view text, const std::string& name) {
  std::string all;
  for (const char c : text) {
    if (c == '$')
      all += name;
    else
      all += c;
  }
  return all;
}

}  // namespace kd::c_source
