// SPDX-License-Identifier: MIT
//
// A program that is killed at random moments, and started again each time.
#include <chrono>
#include <csignal>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "kd/distill.hpp"
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/random_matrix.hpp"
#include "support/temporary_folder.hpp"

#if KD_TEST_FORKS

using namespace kd;

namespace {

using Net = Network<Sequential<Linear<6, 24>, Dropout, ReLU, Linear<24, 3>>>;

const Dataset data{test::random_matrix<float>(6, 40, 1), test::random_labels(40, 3, 2), 3};
const Adam adam{{.lr = 0.02}};

std::string bytes_of(const Net& network) {
  const auto params = network.params();
  return {reinterpret_cast<const char*>(params.data),
          static_cast<std::size_t>(params.size) * sizeof(float)};
}

/// What a program trains, and the weights that it ends with.
using Program = std::function<std::string(const FitOptions&)>;

std::string train(const FitOptions& options) {
  Net network(Rng(1));
  fit(network, data, CrossEntropy{}, adam, options);
  return bytes_of(network);
}

std::string distil(const FitOptions& options) {
  const Net teacher(Rng(2));
  Net student(Rng(1));
  Distiller distiller(teacher, student, SoftTargets{}, AdversarialTemperature{},
                      Contrastive<3, 3>{{.width = 4, .negatives = 6}});
  distiller.fit(data, adam, options);
  return bytes_of(student);
}

std::string generations(const FitOptions& options) {
  const Net teacher(Rng(2));
  BornAgain family(teacher, {.generations = 3}, SoftTargets{});
  family.fit(data, adam, options);
  return bytes_of(family.generations().back());
}

/// Starts the program in a child and kills it after `delay`. Whether it had ended.
bool run_and_kill(const Program& program, const FitOptions& options, const std::string& result,
                  std::chrono::microseconds delay) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    alarm(60);
    int status = 1;
    try {
      std::ofstream file(result, std::ios::binary);
      file << program(options);
      status = file.flush() ? 0 : 1;
    } catch (...) {
    }
    _exit(status);
  }
  std::this_thread::sleep_for(delay);
  kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFEXITED(status)) return false;
  REQUIRE(WEXITSTATUS(status) == 0);
  return true;
}

}  // namespace

TEST_CASE("programs that are killed 200 times end with the weights of those that were not",
          "[train][checkpoint]") {
  const test::TemporaryFolder folder;
  FitOptions options{.epochs = 20, .batch_size = 8, .seed = 3, .schedule = CosineSchedule{}};
  const std::vector<Program> programs{train, distil, generations};
  std::vector<std::string> expected;
  for (const Program& program : programs) expected.push_back(program(options));
  Rng rng(17);
  int killed = 0;
  int ended = 0;
  for (std::size_t run = 0; killed < 200; ++run) {
    const std::size_t which = run % programs.size();
    // By time, or every second epoch.
    const CheckpointInterval every =
        run % 2 == 0 ? CheckpointInterval(std::chrono::milliseconds(1)) : CheckpointInterval(2);
    options.checkpoint = {.file = folder.path("run" + std::to_string(run)), .every = every};
    // The longer it takes, the longer it may run, so that it comes to its end.
    for (Index most = 5000;; most += most / 8) {
      const std::chrono::microseconds delay(rng.below(most));
      if (run_and_kill(programs[which], options, folder.path("result"), delay)) break;
      ++killed;
    }
    ++ended;
    REQUIRE(folder.read("result") == expected[which]);
  }
  CHECK(ended > 3);
}

#endif
