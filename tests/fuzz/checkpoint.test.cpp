// SPDX-License-Identifier: MIT
//
// The input is a checkpoint without its first line and its fingerprints, which no chance would
// find: the size of the head, the head, and one block.
#include "kd/train/checkpoint.hpp"

#include "fuzz/target.hpp"

using namespace kd;

namespace {

std::string fingerprint_of(std::string_view part) {
  const std::uint64_t value = detail::Fingerprint::of(part.data(), part.size());
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
  return bytes;
}

std::string with_fingerprints(std::string_view content) {
  std::string out = std::string(detail::CheckpointWriter::magic) + KD_VERSION + "\n";
  constexpr std::size_t begin = 8;
  if (content.size() < begin) return out.append(content);
  detail::ByteReader size(fuzz::file, std::as_bytes(std::span(content.substr(0, begin))));
  const auto head = content.substr(begin, size.number<std::uint64_t>("the size of the head"));
  const auto block = content.substr(begin + head.size());
  out.append(content.substr(0, begin)).append(head).append(fingerprint_of(head));
  return block.empty() ? out : out.append(block).append(fingerprint_of(block));
}

std::string written(const detail::CheckpointHead& head) {
  std::string out;
  const detail::CheckpointWriter writer(head, Kept{});
  for (const std::string_view part : writer.parts()) out += part;
  return out;
}

}  // namespace

KD_FUZZ_TARGET(checkpoint) {
  // As it is: never a checkpoint, but for a reader as good as any file.
  const auto as_it_is = [&] { const detail::CheckpointReader reader(fuzz::file, bytes); };
  fuzz::expect(!fuzz::reads(as_it_is), "a checkpoint without its first line is read");
  const std::string whole =
      with_fingerprints({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  const detail::CheckpointReader reader(fuzz::file, std::as_bytes(std::span(whole)));
  const std::string again = written(reader.head());
  fuzz::read_again([&] {
    const detail::CheckpointReader second(fuzz::file, std::as_bytes(std::span(again)));
    fuzz::expect(written(second.head()) == again, "a head that is written and read is another");
    return 0;
  });
}
