// SPDX-License-Identifier: MIT
#pragma once

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "kd/core/matrix.hpp"
#include "support/temporary_folder.hpp"

// CMake says which C compilers there are, with '|' between them.
#ifndef KD_C_COMPILERS
#define KD_C_COMPILERS "gcc"
#endif
// What runs programs of a 32-bit ARM and the compiler for it; empty: there is none.
#ifndef KD_ARM_COMPILER
#define KD_ARM_COMPILER ""
#endif
#ifndef KD_ARM_RUNNER
#define KD_ARM_RUNNER ""
#endif

/// Compiles and runs what was exported as C under the name "net".
namespace kd::test {

inline std::vector<std::string> c_compilers() {
  std::vector<std::string> all;
  std::istringstream list(KD_C_COMPILERS);
  for (std::string each; std::getline(list, each, '|');)
    if (!each.empty()) all.push_back(each);
  return all;
}

inline const std::string strict = " -pedantic -Wall -Wextra -Wconversion -Werror ";
inline const std::string as_c = " -std=c99" + strict;
inline const std::string as_cpp = " -x c++ -std=c++11" + strict;

/// Reads samples of `T` from "in.bin", and writes what the network says to "out.bin"; ends with 1
/// where the self test fails. The arena lies between bytes that it must not touch.
inline const char* const c_main = R"(#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "net.h"
static unsigned char memory[NET_ARENA_BYTES + 128];
int main(void) {
  static T in[NET_INPUTS];
  static T out[NET_OUTPUTS];
  FILE *from = fopen("in.bin", "rb");
  FILE *to = fopen("out.bin", "wb");
  size_t i;
  if (!from || !to) return 2;
  memset(memory, 0xa5, sizeof memory);
  if (net_self_test(memory + 64) != 0) {
    printf("self test: %d\n", (int)net_self_test(memory + 64));
    return 1;
  }
  while (fread(in, sizeof(T), NET_INPUTS, from) == NET_INPUTS) {
    net_run(in, out, memory + 64);
    if (fwrite(out, sizeof(T), NET_OUTPUTS, to) != NET_OUTPUTS) return 2;
  }
  for (i = 0; i < 64; ++i)
    if (memory[i] != 0xa5 || memory[NET_ARENA_BYTES + 64 + i] != 0xa5) return 3;
  return fclose(to) == 0 ? 0 : 2;
}
)";

/// What a command says, and how it ends.
struct Ran {
  int status;
  std::string output;
};

inline Ran run_in(const TemporaryFolder& folder, const std::string& command) {
  const int status =
      std::system(("cd '" + folder.path() + "' && (" + command + ") > log.txt 2>&1").c_str());
  return {status, folder.read("log.txt")};
}

/// Compiles "net.c" of the folder with a main function of ours.
inline Ran build_c(const TemporaryFolder& folder, const std::string& compiler,
                   const std::string& flags, const char* type) {
  folder.write("main.c", c_main);
  return run_in(folder,
                compiler + flags + " -DNET_SELF_TEST -DT=" + type + " main.c net.c -o net -lm");
}

/// What the built program says of samples, one a column; empty where it fails.
template <class T>
Matrix<T> run_c(const TemporaryFolder& folder, const Matrix<T>& samples, Index outputs,
                std::string& output, const std::string& runner = "") {
  const auto bytes = static_cast<std::size_t>(samples.size()) * sizeof(T);
  folder.write("in.bin", std::string(reinterpret_cast<const char*>(samples.data()), bytes));
  const Ran ran = run_in(folder, runner + " ./net");
  output = ran.output;
  Matrix<T> result(outputs, samples.cols());
  const std::string got = ran.status == 0 ? folder.read("out.bin") : "";
  if (got.size() != static_cast<std::size_t>(result.size()) * sizeof(T)) return {};
  std::copy(got.begin(), got.end(), reinterpret_cast<char*>(result.data()));
  return result;
}

/// Symbols that an object file takes from elsewhere.
inline std::vector<std::string> foreign_symbols(const TemporaryFolder& folder) {
  const auto ran = run_in(folder, "nm -u net.o");
  std::istringstream words(ran.output);
  std::vector<std::string> all;
  for (std::string word; words >> word;)
    if (word != "U") all.push_back(word);
  return all;
}

}  // namespace kd::test
