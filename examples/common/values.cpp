// SPDX-License-Identifier: MIT
#include "values.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>

namespace example {

namespace {

bool has_only(const std::string& text, const char* characters) {
  return !text.empty() && text.find_first_not_of(characters) == std::string::npos;
}

/// Whether a value looks like a flag whose predecessor lacks its value.
bool is_flag(const std::string& text) { return text.rfind("--", 0) == 0; }

/// Numbers for which `in_range` holds once they are floats.
template <class InRange>
Expected<double> number(const std::string& words, const InRange& in_range) {
  return {
      "X", words, [in_range](const std::string& text) -> std::optional<double> {
        // No blanks, hexadecimal digits, "inf" or "nan", which strtod would take.
        if (!has_only(text, "0123456789.eE+-")) return std::nullopt;
        char* end = nullptr;
        errno = 0;
        const double value = std::strtod(text.c_str(), &end);
        if (end != text.c_str() + text.size() || errno == ERANGE) return std::nullopt;
        const bool vanishes = value != 0 && std::abs(value) < std::numeric_limits<float>::min();
        const bool overflows = std::abs(value) > std::numeric_limits<float>::max();
        if (vanishes || overflows || std::signbit(value) || !in_range(static_cast<float>(value)))
          return std::nullopt;
        return value;
      }};
}

}  // namespace

Expected<std::uint64_t> whole_number(std::uint64_t low, std::uint64_t high) {
  return {"N", "a whole number from " + std::to_string(low) + " to " + std::to_string(high),
          [low, high](const std::string& text) -> std::optional<std::uint64_t> {
            std::uint64_t value = 0;
            const char* const end = text.data() + text.size();
            const auto [stop, error] = std::from_chars(text.data(), end, value);
            if (error != std::errc() || stop != end || value < low || value > high)
              return std::nullopt;
            return value;
          }};
}

Expected<double> positive_number() {
  return number("a number above 0 that a float can hold", [](float value) { return value > 0; });
}

Expected<double> number_from_zero() {
  return number("a number of at least 0 that a float can hold", [](float) { return true; });
}

Expected<double> number_from_zero_to_below_one() {
  return number("a number from 0 to below 1", [](float value) { return value < 1; });
}

Expected<double> number_from_zero_to_one() {
  return number("a number from 0 to 1", [](float value) { return value <= 1; });
}

Expected<std::string> one_of(std::vector<std::string> choices) {
  std::string placeholder;
  std::string words;
  for (const std::string& choice : choices) {
    placeholder += (placeholder.empty() ? "{" : ",") + choice;
    words += (words.empty() ? "" : " or ") + choice;
  }
  return {placeholder + "}", words,
          [choices](const std::string& text) -> std::optional<std::string> {
            if (std::find(choices.begin(), choices.end(), text) == choices.end())
              return std::nullopt;
            return text;
          }};
}

Expected<std::string> name_of(const std::string& what, const std::string& placeholder) {
  return {placeholder, "the name of a " + what,
          [](const std::string& text) -> std::optional<std::string> {
            if (text.empty() || is_flag(text)) return std::nullopt;
            return text;
          }};
}

Expected<std::vector<std::string>> list(const std::string& placeholder) {
  return {placeholder, "names separated by commas",
          [](const std::string& text) -> std::optional<std::vector<std::string>> {
            std::vector<std::string> names(1);
            for (const char c : text) {
              if (c == ',') {
                names.emplace_back();
              } else {
                names.back() += c;
              }
            }
            const bool bad = std::any_of(names.begin(), names.end(), [](const std::string& name) {
              return name.empty() || is_flag(name);
            });
            if (bad) return std::nullopt;
            return names;
          }};
}

Expected<std::vector<kd::Index>> layer_sizes(std::size_t most_hidden) {
  return {"SIZES",
          "the sizes of a network with up to " + std::to_string(most_hidden) +
              " hidden layers, such as 64-32-10",
          [most_hidden](const std::string& text) -> std::optional<std::vector<kd::Index>> {
            constexpr std::uint64_t most = 1'000'000;  // the product of two fits 64 bits
            std::vector<kd::Index> sizes;
            const char* const end = text.data() + text.size();
            for (const char* at = text.data();;) {
              std::uint64_t size = 0;
              const auto [stop, error] = std::from_chars(at, end, size);
              if (error != std::errc() || size < 1 || size > most) return std::nullopt;
              sizes.push_back(static_cast<kd::Index>(size));
              if (stop == end) break;
              if (*stop != '-') return std::nullopt;
              at = stop + 1;
            }
            if (sizes.size() < 2 || sizes.size() > most_hidden + 2) return std::nullopt;
            return sizes;
          }};
}

std::string shown(const std::string& text) {
  if (text.empty()) return "nothing";
  constexpr std::size_t longest = 60;
  const bool plain =
      std::none_of(text.begin(), text.end(), [](unsigned char c) { return c <= ' ' || c == '"'; });
  const std::string start = text.size() > longest ? text.substr(0, longest) + "..." : text;
  return plain ? start : '"' + start + '"';
}

}  // namespace example
