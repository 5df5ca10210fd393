// SPDX-License-Identifier: MIT
#include "kd/data/gzip.hpp"

#include "fuzz/memory_files.hpp"
#include "fuzz/target.hpp"
#include "support/gzip.hpp"

using namespace kd;

namespace {

using PackedMemory = fuzz::MemoryFiles<detail::GzipStream>;

/// All that a stream gives, read in pieces of `step` bytes.
std::string content(const PackedMemory& files, std::size_t step) {
  auto stream = files.open(fuzz::file);
  std::string all;
  for (std::size_t got = step; got == step;) {
    all.resize(all.size() + step);
    got = stream.read(reinterpret_cast<std::uint8_t*>(all.data()) + all.size() - step, step);
    fuzz::expect(got <= step, "a stream gave more than it was asked for");
    all.resize(all.size() - step + got);
  }
  fuzz::expect(all.size() <= stream.max_bytes(), "a stream gave more than it said it could");
  return all;
}

}  // namespace

KD_FUZZ_TARGET(gzip) {
  const PackedMemory files{bytes};
  const std::string all = content(files, 65536);
  fuzz::expect(all == content(files, 1009), "a stream depends on how it is read");
  if (bytes.size() > 1 && bytes[0] == std::byte{0x1f} && bytes[1] == std::byte{0x8b}) {
    const std::string packed = test::gzip(all);
    const PackedMemory again{std::as_bytes(std::span(packed))};
    fuzz::expect(fuzz::read_again([&] { return content(again, 65536); }) == all,
                 "what is packed and unpacked is other content");
  } else {
    const auto same = std::as_bytes(std::span(all));
    fuzz::expect(std::equal(same.begin(), same.end(), bytes.begin(), bytes.end()),
                 "a plain file is not what it was");
  }
  fuzz::check_idx(files);
}
