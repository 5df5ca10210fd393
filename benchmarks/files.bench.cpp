// SPDX-License-Identifier: MIT
//
// files/<what>: the teacher's 2.4 million parameters to a safetensors file and back, beside the
// same bytes alone. The file lies in the folder for temporary files; TMPDIR=/dev/shm leaves the
// disk out.
#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "kd/io.hpp"
#include "measure.hpp"
#include "setting.hpp"

namespace {

using Network = kd::Network<setting::Teacher>;

/// A file of this program, removed at the end.
class TemporaryFile {
 public:
  TemporaryFile()
      : path_(std::filesystem::temp_directory_path() /
              ("kd_benchmarks_" + std::to_string(::getpid()) + ".safetensors")) {
    kd::save(setting::teacher(), path());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }

  std::string path() const { return path_.string(); }
  double size() const { return static_cast<double>(std::filesystem::file_size(path_)); }

 private:
  std::filesystem::path path_;
};

int open_at(const std::string& path, int flags) {
  const int file = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (file < 0) throw std::runtime_error("cannot open " + path);
  return file;
}

void load(benchmark::State& state) {
  const TemporaryFile file;
  Network network(kd::Rng(2));
  time_calls(state, 1, {0, file.size()}, [&] { kd::load(network, file.path()); });
}

/// Its bytes, to memory that is asked for.
void read(benchmark::State& state) {
  const TemporaryFile file;
  const auto size = static_cast<std::size_t>(file.size());
  time_calls(state, 1, {0, file.size()}, [&] {
    const auto bytes = std::make_unique_for_overwrite<std::byte[]>(size);
    const int from = open_at(file.path(), O_RDONLY);
    if (::read(from, bytes.get(), size) != static_cast<ssize_t>(size))
      throw std::runtime_error("cannot read " + file.path());
    ::close(from);
    benchmark::DoNotOptimize(bytes.get());
    benchmark::ClobberMemory();
  });
}

void save(benchmark::State& state) {
  const TemporaryFile file;
  time_calls(state, 1, {0, file.size()}, [&] { kd::save(setting::teacher(), file.path()); });
}

/// As many bytes, to a new file, as kd writes one; nobody waits for the disk.
void write(benchmark::State& state) {
  const TemporaryFile file;
  const std::vector<std::byte> bytes(static_cast<std::size_t>(file.size()), std::byte{1});
  const std::string part = file.path() + ".part";
  time_calls(state, 1, {0, file.size()}, [&] {
    const int to = open_at(part, O_WRONLY | O_CREAT | O_TRUNC);
    if (::write(to, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
      throw std::runtime_error("cannot write " + part);
    ::close(to);
    std::filesystem::rename(part, file.path());
  });
}

constexpr auto unit = benchmark::kMicrosecond;

BENCHMARK(load)->Name("files/load")->Unit(unit)->UseRealTime();
BENCHMARK(read)->Name("files/read")->Unit(unit)->UseRealTime();
BENCHMARK(save)->Name("files/save")->Unit(unit)->UseRealTime();
BENCHMARK(write)->Name("files/write")->Unit(unit)->UseRealTime();

}  // namespace
