// SPDX-License-Identifier: MIT
// Reads and allocations that fail while data are loaded: the first, the second and so on.
#include "kd/core/random.hpp"
#include "kd/data/gzip.hpp"
#include "kd/data/idx.hpp"
#include "kd/data/mnist.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/failing_file.hpp"
#include "support/gzip.hpp"
#include "support/idx.hpp"
#include "support/temporary_folder.hpp"

using namespace kd;
using namespace kd::test;

namespace {

constexpr std::uint32_t samples = 5000;  // several reads' worth

/// One part of MNIST, compressed where `Reader` is of such files.
template <class Reader>
void write_mnist(const TemporaryFolder& folder) {
  constexpr bool packed =
      std::is_same_v<Reader, kd::detail::GzipStream> || std::is_same_v<Reader, GzipFiles>;
  const auto write = [&](const std::string& name, const std::string& content) {
    folder.write(name, packed ? gzip(content) : content);
  };
  write("train-images-idx3-ubyte", idx_images(samples));
  write("train-labels-idx1-ubyte", idx_labels(samples));
}

}  // namespace

#if KD_TEST_FAILING_FILES

TEMPLATE_TEST_CASE("a read that fails names the file and loses nothing", "[data][faults]",
                   kd::detail::PlainStream, kd::detail::GzipStream) {
  const TemporaryFolder folder;
  write_mnist<TestType>(folder);
  Dataset data(Bytes(Bytes::Ones(2, 2)), Labels{{1, 0}});
  FileFaults faults;
  for (faults.failing_call = 1; data.size() == 2; ++faults.failing_call) {
    INFO("call " << faults.failing_call);
    REQUIRE(faults.failing_call < 1000);
    faults.calls = 0;
    try {
      data = load_mnist(folder.path(), Split::train, FailingFiles<TestType>{&faults});
    } catch (const IoError& error) {
      CHECK_THAT(error.path, StartsWith(folder.path("train-")));
      CHECK(error.what() == error.path + ": Input/output error");
      CHECK(data.size() == 2);
    }
    CHECK(faults.open == 0);
  }
  CHECK(data.size() == samples);
  CHECK(faults.failing_call > 10);
}

TEMPLATE_TEST_CASE("reads may give less than was asked for", "[data][faults]",
                   kd::detail::PlainStream, kd::detail::GzipStream) {
  const TemporaryFolder folder;
  write_mnist<TestType>(folder);
  FileFaults faults{.longest_read = 1};
  const std::string path = folder.path("train-images-idx3-ubyte");
  CHECK(load_idx_images(path, FailingFiles<TestType>{&faults}) ==
        load_idx_images(path, GzipFiles{}));
}

#endif

TEMPLATE_TEST_CASE("an allocation that fails names the file and leaks nothing", "[data][faults]",
                   PlainFiles, GzipFiles) {
  if (!counts_allocations()) return;
  const TemporaryFolder folder;
  write_mnist<TestType>(folder);
  const auto fail_each = [](const std::string& path, auto load) {
    load(path);  // what is allocated once in a program's life
    bool failed = true;
    for (Index n = 1; failed; ++n) {
      REQUIRE(n < 1000);
      bool fine = false;  // such as where a stream does without its buffer
      const Index before = live_allocations();
      try {
        const FailNthAllocation fault(n);
        load(path);
        fine = true;
        failed = fault.failed();
      } catch (const IoError& error) {
        fine = error.path == path;
      } catch (const std::bad_alloc&) {
      }
      const Index after = live_allocations();
      INFO("allocation " << n);
      CHECK(fine);
      CHECK(after == before);
    }
  };
  fail_each(folder.path("train-images-idx3-ubyte"),
            [](const std::string& path) { load_idx_images(path, TestType{}); });
  fail_each(folder.path("train-labels-idx1-ubyte"),
            [](const std::string& path) { load_idx_labels(path, TestType{}); });
}

TEST_CASE("an allocation that fails leaves a data set as it was", "[data][faults]") {
  if (!counts_allocations()) return;
  const TemporaryFolder folder;
  write_mnist<GzipFiles>(folder);
  Dataset data(Bytes(Bytes::Ones(2, 2)), Labels{{1, 0}});
  const auto load = [&] { return load_mnist(folder.path(), Split::train, GzipFiles{}); };
  CHECK(load().size() == samples);
  for (Index n = 1; data.size() == 2; ++n) {
    REQUIRE(n < 1000);
    const Index before = live_allocations();
    try {
      const FailNthAllocation fault(n);
      data = load();
    } catch (const IoError&) {
    } catch (const std::bad_alloc&) {
    }
    const Index after = live_allocations();
    INFO("allocation " << n);
    CHECK((data.size() == samples || after == before));
  }
}

TEST_CASE("a compressed file is not asked for more than it holds", "[data][faults]") {
  if (!counts_allocations()) return;
  const TemporaryFolder folder;
  // 1.5 MB, which might be as much as 1.5 GB.
  std::string noise(1'500'000, '\0');
  Rng rng(1);
  for (char& byte : noise) byte = static_cast<char>(static_cast<unsigned char>(rng.below(256)));
  const std::string images =
      folder.write("images.gz", gzip(idx_header(0x803, {1'000'000, 28, 28}) + noise));
  const std::string labels = folder.write("labels.gz", gzip(idx_header(0x801, {1u << 30}) + noise));
  const LimitAllocations limit(8 << 20);
  CHECK_THROWS_WITH(load_idx_images(images, GzipFiles{}), ContainsSubstring("the file ends early"));
  CHECK_THROWS_WITH(load_idx_labels(labels, GzipFiles{}), ContainsSubstring("the file ends early"));
}

TEST_CASE("what does not fit in memory names the file", "[data][faults]") {
  if (!counts_allocations()) return;
  const TemporaryFolder folder;
  const std::string zeros(5'000'000, '\0');
  const std::string path =
      folder.write("images.gz", gzip(idx_header(0x803, {5'000, 25, 40}) + zeros));
  CHECK(load_idx_images(path, GzipFiles{}).cols() == 5'000);
  const LimitAllocations limit(3'000'000);
  CHECK_THROWS_AS(load_idx_images(path, GzipFiles{}), IoError);
  CHECK_THROWS_WITH(load_idx_images(path, GzipFiles{}),
                    path + ": not enough memory for 5000 samples of 1000 bytes");
}
