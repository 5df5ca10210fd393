// SPDX-License-Identifier: MIT
#include "kd/io/save_npz.hpp"

#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <limits>
#include <string>

#include "kd/io/npz.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/temporary_folder.hpp"

using namespace kd;
using kd::test::error_of;
using kd::test::TemporaryFolder;

namespace {

const Matrix<float> x{{1, 2, 3}, {4, 5, 6}};
const Labels y{{2, 0, 1}};

}  // namespace

TEST_CASE("arrays of an archive are read again, by name", "[io][npz]") {
  const TemporaryFolder folder;
  const std::string path = folder.path("data.npz");
  constexpr double huge = std::numeric_limits<double>::max();
  const Matrix<double> wide{{huge, -0.0}, {5e-324, 0.1}, {-huge, 3}};
  const Vector<std::uint64_t> most{{std::numeric_limits<std::uint64_t>::max(), 7}};
  const Eigen::Matrix<std::int16_t, 2, 2, Eigen::RowMajor> rows{{1, 2}, {3, 4}};
  save_npz({{"x", x},
            {"y", y},
            {"wide", wide},
            {"most", view(most)},
            {"column", most},
            {"rows", rows},
            {"twice", x.col(1) * 2},
            {"truth", (x.array() > 2).matrix()},
            {"no samples", Matrix<float>(2, 0)},
            {"größe", Matrix<float>{{7}}}},
           path);
  const Npz file(path);
  CHECK(file.names() == std::vector<std::string>{"column", "größe", "most", "no samples", "rows",
                                                 "truth", "twice", "wide", "x", "y"});
  CHECK(file.load<float>("x") == x);
  CHECK(file.load_labels("y") == y);
  const Matrix<double> got = file.load<double>("wide");
  CHECK(got == wide);
  CHECK(std::signbit(got(0, 1)));
  CHECK(file.load<std::uint64_t>("most") == most.transpose());
  CHECK(file.load<std::uint64_t>("column") == most);  // a matrix: one sample of two numbers
  CHECK(file.load<Label>("rows") == Matrix<Label>{{1, 2}, {3, 4}});
  CHECK(file.load<float>("twice") == Matrix<float>{{4}, {10}});
  CHECK(file.load<int>("truth") == Matrix<int>{{0, 0, 1}, {1, 1, 1}});
  CHECK(file.load<float>("no samples").rows() == 2);
  CHECK(file.load<float>("no samples").cols() == 0);
  CHECK(file.load<float>("größe") == Matrix<float>{{7}});
}

TEST_CASE("what is equal gives equal archives, also of no arrays", "[io][npz]") {
  const TemporaryFolder folder;
  for (const char* const name : {"a", "b"}) save_npz({{"x", x}, {"y", y}}, folder.path(name));
  CHECK(folder.read("a") == folder.read("b"));
  save_npz({}, folder.path("none"));
  CHECK(Npz(folder.path("none")).names().empty());
}

TEST_CASE("a named array keeps its numbers", "[io][npz]") {
  const TemporaryFolder folder;
  Matrix<float> changed = x;
  const std::vector<NamedArray> arrays{{"x", changed}};
  changed.setZero();
  save_npz(arrays, folder.path("x.npz"));
  CHECK(Npz(folder.path("x.npz")).load<float>("x") == x);
}

TEST_CASE("archives beyond 32 bits are zip64", "[io][npz]") {
  const TemporaryFolder folder;
  const std::vector<NamedArray> arrays{{"x", x}, {"y", y}};
  detail::save_npz(arrays, folder.path("x.npz"), detail::ZipHeaders(true));
  const Npz file(folder.path("x.npz"));
  CHECK(file.load<float>("x") == x);
  CHECK(file.load_labels("y") == y);
  CHECK_THAT(folder.read("x.npz"), ContainsSubstring("PK\x06\x07"));

  // Behind the first file everything is beyond 32 bits, and the directory says where.
  constexpr std::uint64_t size = 0x1'2345'6789;
  detail::ZipHeaders headers;
  CHECK(headers.before("a.npy", size, 1).size() == 30 + 5 + 20);
  CHECK(headers.before("b.npy", 100, 1).size() == 30 + 5);
  const std::string behind = headers.behind();
  const auto has = [&](std::uint64_t number) {
    return behind.find(std::string(reinterpret_cast<const char*>(&number), 8)) != std::string::npos;
  };
  CHECK(has(size));
  CHECK(has(size + 55));        // where the second begins
  CHECK(has(size + 55 + 135));  // the directory
  CHECK(behind.find("PK\x06\x06") != std::string::npos);
}

TEST_CASE("more files than 16 bits count are zip64", "[io][npz]") {
  const TemporaryFolder folder;
  std::vector<NamedArray> arrays;
  for (int i = 0; i < 65535; ++i)
    arrays.emplace_back(std::to_string(i), Matrix<std::uint8_t>(1, 0));
  save_npz(arrays, folder.path("x.npz"));
  CHECK(Npz(folder.path("x.npz")).names().size() == 65535);
}

TEST_CASE("names that would lead elsewhere are refused, and the old archive stays", "[io][npz]") {
  const TemporaryFolder folder;
  const std::string path = folder.write("x.npz", "old");
  const struct {
    std::string name, says;
  } cases[] = {{"", "not empty"},
               {"/", "without /"},
               {"a/b", "without /"},
               {"a\\b", "without /"},
               {"c:x", "without /"},
               {std::string("a\0b", 3), "control characters"},
               {"a\nb", "control characters"},
               {"..", "without .."},
               {"a..b", "without .."},
               {"x.npy", "without .npy"},
               {"y", "that no other array has"},
               {std::string(65532, 'a'), "65531 bytes"}};
  for (const auto& bad : cases) {
    INFO(bad.name.substr(0, 80));
    const auto error = error_of<ConfigError>([&] { save_npz({{"y", y}, {bad.name, x}}, path); });
    CHECK_THAT(error.what(), StartsWith(path) && ContainsSubstring(bad.says));
    CHECK(folder.read("x.npz") == "old");
  }
  save_npz({{std::string(65531, 'a'), x}}, path);
  CHECK(Npz(path).load<float>(std::string(65531, 'a')) == x);
}

TEST_CASE("an archive that does not fit the disk leaves the old one", "[io][npz]") {
  const TemporaryFolder folder;
  const std::string path = folder.path("x.npz");
  save_npz({{"x", x}}, path);
  const std::string old = folder.read("x.npz");
  const auto previous = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  rlimit small = before;
  small.rlim_cur = 4096;
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  std::string complaint;
  try {
    save_npz({{"x", x}, {"large", Matrix<double>::Zero(100, 100)}}, path);
  } catch (const IoError& error) {
    complaint = error.what();
  }
  REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, previous);
  CHECK_THAT(complaint, StartsWith(path));
  CHECK(folder.read("x.npz") == old);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}
