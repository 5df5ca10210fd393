// SPDX-License-Identifier: MIT
#include "kd/core/fingerprint.hpp"

#include <array>
#include <set>

#include "support/catch.hpp"

namespace {

using kd::detail::Fingerprint;

struct Known {
  std::size_t bytes;
  std::uint64_t with_seed_0, with_seed_4;
};

/// What libxxhash 0.8.1 says of the first bytes of 7 i + 3.
constexpr std::array<Known, 14> known{{
    {0, 0xEF46DB3751D8E999, 0xF18D7B0E9FDB47DB},
    {1, 0x1F25C8D0BC1F4BB6, 0x8752CA1AD6B6C80C},
    {3, 0x31D2363F52E564C9, 0xCD70241D99B3A977},
    {4, 0x9BB64B7D66EE9FDA, 0x7EBE7BC286E43A52},
    {7, 0x9A7B149959CE60D8, 0x6A4AB079A2788D26},
    {8, 0xDAB99D95C6F90092, 0x928A099468CD17D7},
    {12, 0xD52E407833AF5133, 0x2FDDBCED543D6C6F},
    {31, 0xA2AA5F33CC4A6119, 0x77337C4F54523111},
    {32, 0x23C3C17EF790FD97, 0x4CB5EDA171B96047},
    {33, 0x50A7CFC7BA588784, 0xAA0C9FE084091A69},
    {63, 0x5E3E54B431C7493C, 0x69AB84FA6CE4EF84},
    {64, 0x0EB64B3EF6EEB01F, 0xCF56D94DCE9B7ED0},
    {100, 0xA61F8D4C170FE531, 0x5FC6487B43D52F13},
    {200, 0xA6CB3C09BC829B24, 0x16F448580D720B0F},
}};

}  // namespace

TEST_CASE("a fingerprint is XXH64's", "[core][fingerprint]") {
  // One place further, so that nothing is aligned.
  std::array<unsigned char, 201> bytes{};
  for (std::size_t i = 0; i < 200; ++i) bytes[i + 1] = static_cast<unsigned char>(i * 7 + 3);
  for (const Known& each : known) {
    CAPTURE(each.bytes);
    CHECK(Fingerprint::of(bytes.data() + 1, each.bytes) == each.with_seed_0);
    CHECK(Fingerprint::of(bytes.data() + 1, each.bytes, 4) == each.with_seed_4);
  }
}

TEST_CASE("every bit changes the fingerprint", "[core][fingerprint]") {
  std::array<unsigned char, 77> bytes{};
  std::set<std::uint64_t> seen{Fingerprint::of(bytes.data(), bytes.size())};
  for (unsigned char& byte : bytes)
    for (int bit = 0; bit < 8; ++bit) {
      byte = static_cast<unsigned char>(1 << bit);
      seen.insert(Fingerprint::of(bytes.data(), bytes.size()));
      byte = 0;
    }
  CHECK(seen.size() == 77 * 8 + 1);
}
