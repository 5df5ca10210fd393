// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <kd/core/types.hpp>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace example {

/// What a value on the command line must be.
template <class T>
struct Expected {
  std::string placeholder;  ///< stands for the value in the help, such as N
  std::string words;        ///< such as "a whole number from 1 to 1024"
  std::function<std::optional<T>(const std::string& text)> read;  ///< nothing: it is not that
};

inline constexpr std::uint64_t most_seeds = std::numeric_limits<std::uint64_t>::max();
/// Enough for any count, and products of two fit 64 bits.
inline constexpr std::uint64_t most_counts = std::numeric_limits<std::int32_t>::max();

/// Digits and no more: "010" is 10.
Expected<std::uint64_t> whole_number(std::uint64_t low, std::uint64_t high);
inline Expected<std::uint64_t> count() { return whole_number(1, most_counts); }

/// Decimal numbers, "0.01" or "1e-2", in a range that is tested as the float that is made of them.
Expected<double> positive_number();
Expected<double> number_from_zero();
Expected<double> number_from_zero_to_below_one();
Expected<double> number_from_zero_to_one();

Expected<std::string> one_of(std::vector<std::string> choices);
/// A name that is not empty and no flag by oversight: `what` is "file" or "folder".
Expected<std::string> name_of(const std::string& what, const std::string& placeholder);
/// Names separated by commas.
Expected<std::vector<std::string>> list(const std::string& placeholder);
/// The sizes of a network with up to `most_hidden` hidden layers, such as 784-20-20-10.
Expected<std::vector<kd::Index>> layer_sizes(std::size_t most_hidden);

/// `text` as a message shows it: short, and in quotes where it would be misread.
std::string shown(const std::string& text);

}  // namespace example
