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
  std::uint64_t labels = 0;  ///< and of the labels

  friend bool operator==(const DatasetIdentity&, const DatasetIdentity&) = default;
};

namespace detail {

/// The two fingerprints of a data set, each computed when first asked for. Threads that ask at once
/// compute the same.
class LazyFingerprints {
 public:
  enum Part { inputs, labels };

  template <class F>
  std::uint64_t get(Part part, const F& compute) {
    std::atomic<std::uint64_t>& kept = parts_[part];
    std::uint64_t value = kept.load(std::memory_order_relaxed);
    if (value == 0) kept.store(value = compute(), std::memory_order_relaxed);
    return value;
  }

 private:
  std::array<std::atomic<std::uint64_t>, 2> parts_{};
};

inline std::string hexadecimal(std::uint64_t number) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, number, 16);
  return std::string(digits, end.ptr);
}

/// What `who` remembers of one data set must not be used for another. Throws `ShapeError` when they
/// differ in size, `DataError` when they differ in content.
inline void check_same_data(const char* who, const DatasetIdentity& known,
                            const DatasetIdentity& got) {
  if (known == got) return;
  if (known.samples != got.samples || known.features != got.features)
    throw ShapeError(text(who, ": knows a data set of ", known.samples, " samples with ",
                          known.features, " features, got one of ", got.samples, " with ",
                          got.features));
  const bool same_inputs = known.inputs == got.inputs;
  throw DataError(text(who, ": knows another data set of that size: expected ",
                       same_inputs ? "labels" : "inputs", " with the fingerprint ",
                       hexadecimal(same_inputs ? known.labels : known.inputs), ", got ",
                       hexadecimal(same_inputs ? got.labels : got.inputs),
                       same_inputs ? " (the inputs are the same)" : ""));
}

}  // namespace detail
}  // namespace kd
