// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <limits>
#include <string>
#include <string_view>

#include "kd/core/error.hpp"
#include "kd/core/matrix.hpp"
#include "kd/files/output_file.hpp"
#include "kd/files/read_file.hpp"
#include "kd/io/npy_array.hpp"

namespace kd {

namespace detail {

/// An array as a matrix, one column a sample. Numbers that a `T` does not hold are refused.
template <class T>
Matrix<T> npy_matrix(const NpyArray& array, const std::string& path) {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<Index>::max());
  const std::uint64_t samples = array.shape.empty() ? 1 : array.shape[0];
  std::uint64_t features = 1;
  bool fits = samples <= most;
  for (std::size_t i = 1; i < array.shape.size(); ++i)
    fits = fits && multiply(features, array.shape[i], features) && features <= most;
  if (!fits) throw FormatError(path, 0, "an extent of the array is larger than memory");
  if (array.fortran_order && array.shape.size() > 2)
    throw FormatError(path, 0,
                      "expected at most two extents in Fortran order: write it with "
                      "numpy.ascontiguousarray");
  // C order has a sample's numbers beside each other, as a column has.
  const auto rows = static_cast<Index>(array.fortran_order ? samples : features);
  const auto cols = static_cast<Index>(array.fortran_order ? features : samples);
  Matrix<T> result(rows, cols);
  with_number_type(array.type, [&]<class Bits, class Convert>(Bits, Convert convert) {
    using Number = decltype(convert(Bits{}));
    if constexpr (std::integral<T>) {
      for (Index i = 0; i < result.size(); ++i) {
        const Number number = convert(load_bits<Bits>(
            array.bytes.data() + static_cast<std::size_t>(i) * sizeof(Bits), array.order));
        const auto value = static_cast<long double>(number);
        // Powers of two, which any long double holds; the largest T need not be one.
        constexpr auto least = static_cast<long double>(std::numeric_limits<T>::min());
        constexpr auto beyond = 2 * static_cast<long double>(std::numeric_limits<T>::max() / 2 + 1);
        if (!(value >= least && value < beyond && value == std::trunc(value)))
          throw DataError(text(path, ": element ", i, ": expected a whole number that ",
                               8 * sizeof(T), " bits hold, got ", static_cast<double>(number)));
        result.data()[i] = static_cast<T>(number);
      }
    } else {
      convert_numbers(array.type, array.order, array.bytes.data(),
                      static_cast<std::uint64_t>(result.size()), result.data());
    }
  });
  if (array.fortran_order) return result.transpose();
  return result;
}

}  // namespace detail

/// An array as a matrix, one column a sample: one of shape (samples, ...) gives (features,
/// samples), with as many features as the other extents make together; a vector gives one row.
///
///     const kd::Matrix<float> logits = kd::load_npy<float>("logits.npy");
///
/// `T` is what the numbers become, whatever the file has (u1 to i8, f2 to f8, b1, of either byte
/// order); whole numbers must be whole and fit. Throws `FormatError` when the file is not as it
/// should be, `DataError` when a number does not fit, `IoError` when it cannot be read.
template <class T>
Matrix<T> load_npy(const std::string& path) {
  const FileContent file(path);
  return detail::npy_matrix<T>(parse_npy(file.bytes(), path), path);
}

namespace detail {

inline Labels npy_labels(const NpyArray& array, const std::string& path) {
  if (array.shape.size() > 2 || (array.shape.size() == 2 && array.shape[1] != 1))
    throw ShapeError(text(path, ": expected one label a sample, got an array of ",
                          array.shape.size(), " extents, the last of ", array.shape.back(),
                          " (one-hot? numpy.argmax(y, axis=1))"));
  return npy_matrix<Label>(array, path).reshaped();
}

}  // namespace detail

/// An array of shape (samples) or (samples, 1) as labels. Throws as `load_npy`, and `ShapeError`
/// when a sample has more than one.
inline Labels load_npy_labels(const std::string& path) {
  const FileContent file(path);
  return detail::npy_labels(parse_npy(file.bytes(), path), path);
}

namespace detail {

template <class T>
std::string npy_header(std::span<const Index> shape) {
  static_assert(std::is_arithmetic_v<T> && sizeof(T) <= 8,
                "an array is written of bool, integers, float or double");
  std::string descr = sizeof(T) == 1 ? "|" : std::endian::native == std::endian::little ? "<" : ">";
  descr += std::is_same_v<T, bool>       ? 'b'
           : std::is_floating_point_v<T> ? 'f'
           : std::is_signed_v<T>         ? 'i'
                                         : 'u';
  std::string header =
      text("{'descr': '", descr, sizeof(T), "', 'fortran_order': False, 'shape': (");
  for (const Index extent : shape) header += text(extent, ", ");
  if (shape.size() > 1) header.erase(header.size() - 2);
  header += "), }";
  constexpr std::size_t before = 10;  // magic, version and length; the numbers begin on 64 bytes
  header.resize((header.size() + before + 64) / 64 * 64 - before, ' ');
  header.back() = '\n';
  const auto length = static_cast<std::uint16_t>(header.size());
  return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(length & 0xffu) +
         static_cast<char>(length >> 8u) + header;
}

template <class T>
std::string_view npy_bytes(const T* numbers, std::span<const Index> shape) {
  std::size_t size = sizeof(T);
  for (const Index extent : shape) size *= static_cast<std::size_t>(extent);
  return {reinterpret_cast<const char*>(numbers), size};
}

template <class T>
void write_npy(const T* numbers, std::span<const Index> shape, const std::string& path) {
  const std::string header = npy_header<T>(shape);
  const std::string_view parts[] = {header, npy_bytes(numbers, shape)};
  OutputFile(path).write(parts);
}

}  // namespace detail

/// Writes a matrix, one column a sample, as an array of shape (samples, rows), whole or not at all.
/// Throws `IoError`.
template <class Derived>
void save_npy(const Eigen::DenseBase<Derived>& x, const std::string& path) {
  const Matrix<typename Derived::Scalar> numbers = x;
  const Index shape[] = {numbers.cols(), numbers.rows()};
  detail::write_npy(numbers.data(), shape, path);
}

/// The same for labels or other single numbers of samples: an array of shape (samples).
template <class T>
void save_npy(VectorView<const T> x, const std::string& path) {
  const Index shape[] = {x.size};
  detail::write_npy(x.data, shape, path);
}
inline void save_npy(const Labels& labels, const std::string& path) {
  save_npy(view(labels), path);
}

}  // namespace kd
