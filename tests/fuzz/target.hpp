// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

#include "kd/core/error.hpp"

#if !defined(KD_FUZZ)
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#endif

/// What all targets have in common. A target reads bytes that may be anything; of what it throws
/// only kd's own errors are answers, everything else is a fault of the reader.
namespace kd::fuzz {

using Target = void (*)(std::span<const std::byte>);

/// What the bytes are called in errors.
inline const std::string file = "fuzzed";

/// What has to hold of all that was read. No reader throws this, so it counts as a fault.
inline void expect(bool holds, const char* what) {
  if (!holds) throw std::logic_error(what);
}

/// What `read` reads of what kd itself wrote: no error is an answer here.
template <class Read>
auto read_again(const Read& read) {
  try {
    return read();
  } catch (const std::exception& error) {
    throw std::logic_error(std::string("what was written is refused: ") + error.what());
  }
}

/// Whether `read` read; otherwise it refused by an error of kd's.
template <class Read>
bool reads(const Read& read) {
  const auto names_file = [](const std::string& path) {
    expect(path.substr(0, file.size()) == file, "an error has the path of another file");
  };
  try {
    read();
    return true;
  } catch (const FormatError& error) {
    names_file(error.path);
  } catch (const IoError& error) {
    names_file(error.path);
  } catch (const DataError&) {
  } catch (const ShapeError&) {
  } catch (const ConfigError&) {
  }
  return false;
}

#if !defined(KD_FUZZ)

/// Hands a target the files of its corpus as they are, cut short everywhere, and with each byte
/// changed. Those whose names begin with "good" are to be read, and the others are not.
inline void replay(const std::string& format, Target target) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry :
       std::filesystem::directory_iterator(KD_GOLDEN_DIR "/../fuzz/corpus/" + format))
    paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  REQUIRE(paths.size() > 1);
  // What a header claims is never believed: that would end in std::bad_alloc.
  const test::LimitAllocations limit(std::size_t{64} << 20);
  for (const std::filesystem::path& path : paths) {
    INFO(path.filename().string());
    std::ifstream stream(path, std::ios::binary);
    const std::vector<char> content{std::istreambuf_iterator<char>(stream), {}};
    const auto all = std::as_bytes(std::span(content));
    CHECK(reads([&] { target(all); }) == (path.filename().string().rfind("good", 0) == 0));
    for (std::size_t i = 0; i < content.size(); ++i) {
      INFO("byte " << i);
      // In a block of its own, so that a sanitizer sees what is read beyond its end.
      const std::vector<char> shorter(content.begin(),
                                      content.begin() + static_cast<std::ptrdiff_t>(i));
      CHECK_NOTHROW(reads([&] { target(std::as_bytes(std::span(shorter))); }));
      std::vector<char> changed = content;
      changed[i] = static_cast<char>(changed[i] ^ (1 << i % 8));
      CHECK_NOTHROW(reads([&] { target(std::as_bytes(std::span(changed))); }));
    }
  }
}

#endif

}  // namespace kd::fuzz

/// Begins the body of a target, which finds its input in `bytes`. With KD_FUZZ it becomes a program
/// of libFuzzer's; otherwise a test that replays the target's corpus.
#if defined(KD_FUZZ)
#define KD_FUZZ_TARGET(format)                                                        \
  static void fuzz_##format(std::span<const std::byte> bytes);                        \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { \
    kd::fuzz::reads([=] { fuzz_##format(std::as_bytes(std::span(data, size))); });    \
    return 0;                                                                         \
  }                                                                                   \
  static void fuzz_##format(std::span<const std::byte> bytes)
#else
#define KD_FUZZ_TARGET(format)                                                \
  static void fuzz_##format(std::span<const std::byte> bytes);                \
  TEST_CASE("the corpus of " #format " files is read or refused", "[fuzz]") { \
    kd::fuzz::replay(#format, fuzz_##format);                                 \
  }                                                                           \
  static void fuzz_##format(std::span<const std::byte> bytes)
#endif
