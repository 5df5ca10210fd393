// SPDX-License-Identifier: MIT
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace kd::test {

/// The bytes of an .npz file of arrays, each a name and the bytes of an .npy file, as `numpy.savez`
/// writes them: a zip archive whose files are stored as they are.
inline std::string npz_of(const std::vector<std::pair<std::string, std::string>>& arrays) {
  const auto number = [](std::uint64_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xFF);
    return text;
  };
  std::string files;
  std::string directory;
  for (const auto& [name, bytes] : arrays) {
    const std::string entry = name + ".npy";
    const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
    // Version, flags, method, time, date, checksum, both sizes, the lengths of name and extra.
    const std::string head = number(20, 2) + number(0, 2) + number(0, 2) + number(0, 4) +
                             number(crc, 4) + number(bytes.size(), 4) + number(bytes.size(), 4) +
                             number(entry.size(), 2) + number(0, 2);
    directory +=
        "PK\x01\x02" + number(20, 2) + head + std::string(10, 0) + number(files.size(), 4) + entry;
    files += "PK\x03\x04" + head + entry + bytes;
  }
  return files + directory + "PK\x05\x06" + number(0, 4) + number(arrays.size(), 2) +
         number(arrays.size(), 2) + number(directory.size(), 4) + number(files.size(), 4) +
         number(0, 2);
}

}  // namespace kd::test
