// SPDX-License-Identifier: MIT
#pragma once

#include <zlib.h>

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kd/files/output_file.hpp"
#include "kd/io/npy.hpp"
#include "kd/io/zip_headers.hpp"

namespace kd {

/// An array for `save_npz`, and what it is called there. It keeps numbers of its own.
class NamedArray {
 public:
  /// A matrix, one column a sample: an array of shape (samples, rows). `Labels`: one of shape
  /// (samples).
  template <class Derived>
  NamedArray(std::string name, const Eigen::DenseBase<Derived>& x) : name_(std::move(name)) {
    using T = typename Derived::Scalar;
    const auto numbers = std::make_shared<const Matrix<T>>(x);
    const Index extents[] = {numbers->cols(), numbers->rows()};
    if constexpr (std::is_same_v<Derived, Labels>)
      keep(numbers->data(), std::span(extents + 1, 1));
    else
      keep(numbers->data(), extents);
    numbers_ = numbers;
  }

  /// Single numbers of samples: an array of shape (samples).
  template <class T>
  NamedArray(std::string name, VectorView<const T> x) : name_(std::move(name)) {
    const auto numbers = std::make_shared<const Vector<T>>(map(x));
    keep(numbers->data(), std::span(&x.size, 1));
    numbers_ = numbers;
  }

  const std::string& name() const { return name_; }
  /// As they stand in an .npy file.
  std::string_view header() const { return header_; }
  std::string_view numbers() const { return bytes_; }

 private:
  template <class T>
  void keep(const T* numbers, std::span<const Index> shape) {
    header_ = detail::npy_header<T>(shape);
    bytes_ = detail::npy_bytes(numbers, shape);
  }

  std::string name_;
  std::string header_;
  std::string_view bytes_;
  std::shared_ptr<const void> numbers_;  ///< which `bytes_` are those of
};

namespace detail {

inline constexpr std::size_t longest_npz_name = 65535 - 4;

/// Names become those of files in the archive, and some programs unpack it.
inline void check_npz_names(const std::vector<NamedArray>& arrays, const std::string& path) {
  std::set<std::string_view> seen;
  for (const NamedArray& array : arrays) {
    const std::string_view name = array.name();
    const auto fail = [&](const char* what) {
      throw ConfigError(text(path, ": the name of an array: expected ", what, ", got \"",
                             name.substr(0, 80), '"'));
    };
    if (name.empty()) fail("one that is not empty");
    if (name.size() > longest_npz_name) fail("at most 65531 bytes");
    if (name.find("..") != std::string_view::npos) fail("one without ..");
    if (name.ends_with(".npy")) fail("one without .npy, which is added");
    for (const char c : name)
      if (c == '/' || c == '\\' || c == ':' || static_cast<unsigned char>(c) < 0x20)
        fail("one without / \\ : and control characters");
    if (!seen.insert(name).second) fail("one that no other array has");
  }
}

inline std::uint32_t npz_checksum(const NamedArray& array) {
  uLong crc = crc32_z(0, Z_NULL, 0);
  for (const std::string_view part : {array.header(), array.numbers()})
    if (!part.empty())  // zlib takes no bytes for a new beginning
      crc = crc32_z(crc, reinterpret_cast<const Bytef*>(part.data()), part.size());
  return static_cast<std::uint32_t>(crc);
}

inline void save_npz(const std::vector<NamedArray>& arrays, const std::string& path,
                     ZipHeaders headers) {
  check_npz_names(arrays, path);
  OutputFile file(path);
  std::vector<std::string> before;
  for (const NamedArray& array : arrays)
    before.push_back(headers.before(array.name() + ".npy",
                                    array.header().size() + array.numbers().size(),
                                    npz_checksum(array)));
  const std::string behind = headers.behind();
  std::vector<std::string_view> parts;
  for (std::size_t i = 0; i < arrays.size(); ++i)
    parts.insert(parts.end(), {before[i], arrays[i].header(), arrays[i].numbers()});
  parts.push_back(behind);
  file.write(parts);
}

}  // namespace detail

/// Writes arrays as one .npz file, which `numpy.load` and `kd::Npz` read, whole or not at all:
///
///     kd::save_npz({{"x", inputs}, {"y", labels}}, "data.npz");
///
/// As `save_npy` each, not compressed. Throws `ConfigError` for a name that is empty, given twice
/// or leads to another folder, and `IoError` when the file cannot be written; then the old one is
/// as it was. Needs zlib: CMake target `kd::zlib`.
inline void save_npz(const std::vector<NamedArray>& arrays, const std::string& path) {
  detail::save_npz(arrays, path, detail::ZipHeaders());
}

}  // namespace kd
