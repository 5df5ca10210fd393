// SPDX-License-Identifier: MIT
#include "kd/io/npz.hpp"

#include "fuzz/target.hpp"

using namespace kd;

namespace {

std::string little_endian(std::uint64_t number, int bytes) {
  std::string all;
  for (int i = 0; i < bytes; ++i)
    all += static_cast<char>(static_cast<unsigned char>(number >> (8 * i)));
  return all;
}

/// What both headers of a stored file say of it.
std::string zip_fields(const std::string& name, const std::string& content) {
  const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(content.data()), content.size());
  return little_endian(20, 2) + std::string(2 + 2 + 4, '\0') + little_endian(crc, 4) +
         little_endian(content.size(), 4) + little_endian(content.size(), 4) +
         little_endian(name.size(), 2) + std::string(2, '\0');
}

/// An archive of stored files.
std::string zip(const std::map<std::string, std::string>& files) {
  std::string all;
  std::string directory;
  for (const auto& [name, content] : files) {
    const std::string fields = zip_fields(name, content);
    directory += little_endian(0x02014b50, 4) + little_endian(20, 2) + fields +
                 std::string(2 + 2 + 2 + 4, '\0') + little_endian(all.size(), 4) + name;
    all += little_endian(0x04034b50, 4) + fields + name + content;
  }
  const std::string counts = little_endian(files.size(), 2) + little_endian(files.size(), 2);
  return all + directory + little_endian(0x06054b50, 4) + std::string(4, '\0') + counts +
         little_endian(directory.size(), 4) + little_endian(all.size(), 4) + std::string(2, '\0');
}

/// A matrix as an .npy file.
std::string npy(const Matrix<double>& numbers) {
  const Index shape[] = {numbers.cols(), numbers.rows()};
  std::string all = detail::npy_header<double>(shape);
  const auto bytes =
      std::as_bytes(std::span(numbers.data(), static_cast<std::size_t>(numbers.size())));
  if (!bytes.empty()) all.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return all;
}

}  // namespace

KD_FUZZ_TARGET(npz) {
  const Npz archive(bytes, fuzz::file);
  std::map<std::string, std::string> files;
  for (const std::string& name : archive.names())
    files[name + ".npy"] = npy(archive.load<double>(name));
  const std::string written = zip(files);
  fuzz::read_again([&] {
    const Npz again(std::as_bytes(std::span(written)), fuzz::file);
    fuzz::expect(again.names() == archive.names(), "an archive that is written has other arrays");
    for (const std::string& name : again.names())
      fuzz::expect(npy(again.load<double>(name)) == files[name + ".npy"],
                   "an array that is written has other numbers");
  });
}
