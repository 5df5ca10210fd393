// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kd::test {

inline std::string big_endian(std::uint32_t number) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8)
    bytes += static_cast<char>(static_cast<unsigned char>(number >> shift));
  return bytes;
}

/// The first bytes of an IDX file.
inline std::string idx_header(std::uint32_t magic, const std::vector<std::uint32_t>& dimensions) {
  std::string bytes = big_endian(magic);
  for (const std::uint32_t dimension : dimensions) bytes += big_endian(dimension);
  return bytes;
}

/// Bytes 0, 1, 2, ... again from 0 after `below`.
inline std::string counting_bytes(std::size_t count, int below = 256) {
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i)
    bytes += static_cast<char>(static_cast<unsigned char>(i % static_cast<std::size_t>(below)));
  return bytes;
}

/// An IDX file of images with 2 rows and 3 columns, pixels counted through.
inline std::string idx_images(std::uint32_t count) {
  return idx_header(0x803, {count, 2, 3}) + counting_bytes(std::size_t{6} * count);
}

/// An IDX file of the labels 0 to 9, over and over.
inline std::string idx_labels(std::uint32_t count) {
  return idx_header(0x801, {count}) + counting_bytes(count, 10);
}

/// An IDX file of the same labels as QMNIST has them: the class and seven columns more.
inline std::string qmnist_labels(std::uint32_t count) {
  std::string bytes = idx_header(0xC02, {count, 8});
  for (std::uint32_t i = 0; i < count; ++i)
    for (std::uint32_t column = 0; column < 8; ++column)
      bytes += big_endian(column == 0 ? i % 10 : 1000 + column);
  return bytes;
}

}  // namespace kd::test
