// SPDX-License-Identifier: MIT
#include "kd/io/npy.hpp"

#include <cstring>

#include "fuzz/target.hpp"

using namespace kd;

namespace {

/// Reads an array as `T`s, writes them, and reads them again.
template <class T>
void check_as(const NpyArray& array) {
  const Matrix<T> numbers = detail::npy_matrix<T>(array, fuzz::file);
  const auto size = static_cast<std::size_t>(numbers.size()) * sizeof(T);
  const Index shape[] = {numbers.cols(), numbers.rows()};
  std::string written = detail::npy_header<T>(shape);
  if (size > 0) written.append(reinterpret_cast<const char*>(numbers.data()), size);
  const Matrix<T> again = fuzz::read_again([&] {
    const NpyArray copy = parse_npy(std::as_bytes(std::span(written)), fuzz::file);
    return detail::npy_matrix<T>(copy, fuzz::file);
  });
  fuzz::expect(again.rows() == numbers.rows() && again.cols() == numbers.cols(),
               "an array that is written and read has another shape");
  fuzz::expect(size == 0 || std::memcmp(again.data(), numbers.data(), size) == 0,
               "an array that is written and read has other numbers");
}

/// The same where not all numbers of the array need be `T`s.
template <class T>
void try_as(const NpyArray& array) {
  try {
    check_as<T>(array);
  } catch (const DataError&) {
  }
}

}  // namespace

KD_FUZZ_TARGET(npy) {
  const NpyArray array = parse_npy(bytes, fuzz::file);
  std::uint64_t size = detail::bytes_of(array.type);
  for (const std::uint64_t extent : array.shape) size *= extent;
  fuzz::expect(size == array.bytes.size(), "an array has not the bytes of its shape");
  check_as<double>(array);
  check_as<float>(array);
  try_as<std::uint8_t>(array);
  try_as<std::int64_t>(array);
  try {
    const Labels labels = detail::npy_labels(array, fuzz::file);
    fuzz::expect(labels.size() == (array.shape.empty() ? 1 : static_cast<Index>(array.shape[0])),
                 "there are not as many labels as samples");
  } catch (const ShapeError&) {
  } catch (const DataError&) {
  }
}
