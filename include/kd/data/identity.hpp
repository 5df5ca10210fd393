// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <string>

#include "kd/core/error.hpp"
#include "kd/core/fingerprint.hpp"

namespace kd {

/// Which data set it is, told by its content: files that are read twice give the same one.
struct DatasetIdentity {
  Index samples = 0;
  Index features = 0;
  std::uint64_t inputs = 0;  ///< a fingerprint of the inputs as they are stored
  std::uint64_t labels = 0;  ///< and of the labels; of what there is none, 0
  std::uint64_t targets = 0;
  std::uint64_t weights = 0;  ///< what its samples count, with those that are ignored

  friend bool operator==(const DatasetIdentity&, const DatasetIdentity&) = default;
};

namespace detail {

/// The fingerprints of a data set, each computed when first asked for. Threads that ask at once
/// compute the same.
class LazyFingerprints {
 public:
  enum Part { inputs, labels, targets, weights };

  /// Of all `samples` that a whole has, given where number `first` of them lies; 0 where there is
  /// nothing. A subset has none of the others' samples: its parts were computed before.
  std::uint64_t get(Part part, const void* data, Index first, Index samples,
                    std::size_t numbers_a_sample, std::size_t bytes_each) {
    if (data == nullptr) return 0;
    std::atomic<std::uint64_t>& kept = parts_[part];
    std::uint64_t value = kept.load(std::memory_order_relaxed);
    if (value != 0) return value;
    const std::size_t a_sample = numbers_a_sample * bytes_each;
    const auto* whole =
        static_cast<const std::byte*>(data) - static_cast<std::size_t>(first) * a_sample;
    value = Fingerprint::of(whole, static_cast<std::size_t>(samples) * a_sample, bytes_each);
    kept.store(value, std::memory_order_relaxed);
    return value;
  }

 private:
  std::array<std::atomic<std::uint64_t>, 4> parts_{};
};

inline std::string hexadecimal(std::uint64_t number) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, number, 16);
  return std::string(digits, end.ptr);
}

/// What `who` remembers of one data set must not be used for another; what samples count may have
/// changed. Throws `ShapeError` when they differ in size, `DataError` when they differ in content.
inline void check_same_data(const char* who, const DatasetIdentity& known,
                            const DatasetIdentity& got) {
  if (known.samples != got.samples || known.features != got.features)
    throw ShapeError(text(who, ": knows a data set of ", known.samples, " samples with ",
                          known.features, " features, got one of ", got.samples, " with ",
                          got.features));
  const auto check = [&](const char* what, std::uint64_t expected, std::uint64_t given) {
    if (expected == given) return;
    const auto fingerprint = [](std::uint64_t value) {
      return value == 0 ? std::string("none") : "the fingerprint " + hexadecimal(value);
    };
    throw DataError(text(who, ": knows another data set of that size: expected ", what, " with ",
                         fingerprint(expected), ", got ", given == 0 ? "none" : hexadecimal(given),
                         known.inputs == got.inputs ? " (the inputs are the same)" : ""));
  };
  check("inputs", known.inputs, got.inputs);
  check("labels", known.labels, got.labels);
  check("targets", known.targets, got.targets);
}

}  // namespace detail
}  // namespace kd
