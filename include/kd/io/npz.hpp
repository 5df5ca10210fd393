// SPDX-License-Identifier: MIT
#pragma once

#include <zlib.h>

#include <algorithm>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "kd/io/npy.hpp"
#include "kd/io/zip_directory.hpp"

namespace kd {

namespace detail {

/// A deflated file as it was. Memory grows with what comes.
inline std::vector<std::byte> inflate_entry(std::span<const std::byte> packed, std::uint64_t size,
                                            const std::string& path, std::uint64_t at) {
  std::vector<std::byte> result;
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
  struct End {
    z_stream& stream;
    ~End() { inflateEnd(&stream); }
  } const end{stream};
  constexpr std::size_t most = std::size_t{1} << 30;  // zlib counts in 32 bits
  int status = Z_OK;
  std::size_t taken = 0;
  while (status == Z_OK) {
    if (stream.avail_in == 0 && taken < packed.size()) {
      const std::size_t next = std::min(most, packed.size() - taken);
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data() + taken));
      stream.avail_in = static_cast<uInt>(next);
      taken += next;
    }
    const std::size_t had = result.size();
    const std::size_t room = std::min<std::uint64_t>(
        {size - had + (size == had ? 1 : 0), std::max<std::size_t>(had, 65536), most});
    result.resize(had + room);
    stream.next_out = reinterpret_cast<Bytef*>(result.data() + had);
    stream.avail_out = static_cast<uInt>(room);
    status = inflate(&stream, Z_NO_FLUSH);
    result.resize(had + room - stream.avail_out);
    if (result.size() > size) break;
    if (status == Z_BUF_ERROR) break;
  }
  if (status != Z_STREAM_END || result.size() != size || stream.avail_in != 0 ||
      taken != packed.size())
    throw FormatError(path, at,
                      text("expected deflated data that gives ", size, " bytes, got others"));
  return result;
}

}  // namespace detail

/// The arrays of an .npz file, by name, as `numpy.savez` and `numpy.savez_compressed` write them.
///
///     const kd::Npz file("data.npz");
///     const kd::Dataset data(file.load<float>("x"), file.load_labels("y"));
///
/// Needs zlib: CMake target `kd::zlib`. The reader is kd's own, since of the packaged libraries
/// minizip has a long history of faults and libzip's CMake files need programs that Debian packs
/// apart; the deflated bytes are zlib's affair.
class Npz {
 public:
  /// Throws `MissingFile`, `IoError`, or `FormatError` when it is no zip archive as it should be.
  explicit Npz(const std::string& path) : Npz(std::make_unique<FileContent>(path)) {}

  /// The content of such a file, which stays where it is; `path` is what errors say.
  Npz(std::span<const std::byte> bytes, const std::string& path)
      : path_(path), bytes_(bytes), entries_(detail::ZipDirectory(bytes, path).read()) {}

  const std::string& path() const { return path_; }
  bool has(const std::string& name) const { return entries_.contains(name + ".npy"); }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& [name, entry] : entries_)
      if (name.ends_with(".npy")) all.push_back(name.substr(0, name.size() - 4));
    return all;
  }

  /// As `load_npy`. Throws `FormatError` too when there is no such array, or its checksum is wrong.
  template <class T>
  Matrix<T> load(const std::string& name) const {
    return with_array(name, [](const NpyArray& array, const std::string& place) {
      return detail::npy_matrix<T>(array, place);
    });
  }

  /// As `load_npy_labels`.
  Labels load_labels(const std::string& name) const { return with_array(name, detail::npy_labels); }

 private:
  explicit Npz(std::unique_ptr<const FileContent> file) : Npz(file->bytes(), file->path()) {
    file_ = std::move(file);
  }

  template <class F>
  std::invoke_result_t<F&, const NpyArray&, const std::string&> with_array(const std::string& name,
                                                                           F&& f) const {
    const auto found = entries_.find(name + ".npy");
    if (found == entries_.end()) {
      std::string all;
      for (const std::string& other : names()) all += ' ' + other;
      throw FormatError(path_, 0, detail::text("has no array \"", name, "\"; it has", all));
    }
    const detail::ZipEntry& entry = found->second;
    const std::string place = path_ + ", " + found->first;
    std::span<const std::byte> bytes = bytes_.subspan(static_cast<std::size_t>(entry.begin),
                                                      static_cast<std::size_t>(entry.packed));
    std::vector<std::byte> unpacked;
    if (entry.method != 0) {
      unpacked = detail::inflate_entry(bytes, entry.size, place, entry.begin);
      bytes = unpacked;
    }
    const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
    if (crc != entry.crc)
      throw FormatError(place, entry.begin, "the checksum is wrong: the file was damaged");
    return f(parse_npy(bytes, place), place);
  }

  std::unique_ptr<const FileContent> file_;  ///< null where the content is another's
  std::string path_;
  std::span<const std::byte> bytes_;
  std::map<std::string, detail::ZipEntry> entries_;
};

}  // namespace kd
