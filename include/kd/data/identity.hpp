// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <string>

#include "kd/core/error.hpp"

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

  template <class F>
  std::uint64_t get(Part part, const F& compute) {
    std::atomic<std::uint64_t>& kept = parts_[part];
    std::uint64_t value = kept.load(std::memory_order_relaxed);
    if (value == 0) kept.store(value = compute(), std::memory_order_relaxed);
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
