// SPDX-License-Identifier: MIT
//
// Ctrl-C: a program that is asked to end does so at the next step, and goes on from its checkpoint.

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "examples/run_program.hpp"

using namespace kd::test;
namespace fs = std::filesystem;

namespace {

const std::string digits = "--train '" KD_SAMPLE_DIR "/digits.csv' --label-column digit ";
const std::string mnist = "--data '" KD_SAMPLE_DIR "' --test-limit 100 ";

bool come_true(const std::function<bool()>& condition) {
  constexpr int most_tries = 6000;
  for (int i = 0; i < most_tries; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

/// A program that runs beside the test; not by way of a shell, which would take the signals.
class Child {
 public:
  Child(const std::string& program, const std::string& arguments, bool ignores_interrupts = false) {
    const std::string command = "exec '" + program + "' " + arguments;
    child_ = fork();
    REQUIRE(child_ >= 0);
    if (child_ != 0) return;
    for (const int signal : {SIGINT, SIGTERM})
      (void)std::signal(signal, ignores_interrupts ? SIG_IGN : SIG_DFL);
    const int null = open("/dev/null", O_RDONLY);
    const int out = open(folder_.path("out").c_str(), O_WRONLY | O_CREAT, 0600);
    const int err = open(folder_.path("err").c_str(), O_WRONLY | O_CREAT, 0600);
    dup2(null, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (child_ <= 0) return;
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }

  /// Waits until the program has printed this.
  void wait_for(const std::string& text) const {
    INFO(text);
    REQUIRE(come_true([&] {
      return fs::exists(folder_.path("out")) && folder_.read("out").find(text) != std::string::npos;
    }));
  }

  void send(int signal) const { REQUIRE(kill(child_, signal) == 0); }

  Run end() {
    int status = 0;
    REQUIRE(waitpid(std::exchange(child_, 0), &status, 0) > 0);
    REQUIRE(WIFEXITED(status));
    return {WEXITSTATUS(status), folder_.read("out"), folder_.read("err")};
  }

 private:
  TemporaryFolder folder_;
  pid_t child_ = 0;
};

/// Waits until a file has a line.
void wait_for_line(const TemporaryFolder& folder, const std::string& name) {
  REQUIRE(come_true([&] {
    return fs::exists(folder.path(name)) && folder.read(name).find('\n') != std::string::npos;
  }));
}

}  // namespace

TEST_CASE("Ctrl-C leaves a checkpoint, and the same command goes on to the same student",
          "[interrupt]") {
  const TemporaryFolder folder;
  const std::string training = digits +
                               "--student 49-30-10 --epochs 400 --validation-share 0.2 "
                               "--patience 400 --standardize yes ";
  const std::string whole = folder.path("whole.safetensors");
  REQUIRE(run_program(KD_DISTILL_FROM_FILES, training + "--save '" + whole + "'").exit_code == 0);

  const std::string checkpoint = folder.path("run.checkpoint");
  const std::string command = training + "--save '" + folder.path("s.safetensors") +
                              "' --checkpoint '" + checkpoint + "' --metrics '" +
                              folder.path("m.jsonl") + "'";
  Child child(KD_DISTILL_FROM_FILES, command);
  wait_for_line(folder, "m.jsonl");
  child.send(SIGINT);
  const Run stopped = child.end();
  CHECK(stopped.exit_code == 130);
  CHECK(stopped.err == "distill_from_files: stopped by Ctrl-C: the same command goes on from " +
                           checkpoint + "\n");
  CHECK(fs::exists(checkpoint));
  CHECK_FALSE(fs::exists(folder.path("s.safetensors")));
  const std::string first_lines = folder.read("m.jsonl");
  CHECK(std::count(first_lines.begin(), first_lines.end(), '\n') < 400);

  const Run rest = run_program(KD_DISTILL_FROM_FILES, command);
  CHECK(rest.exit_code == 0);
  CHECK_THAT(rest.out, ContainsSubstring("\nGoes on from " + checkpoint + "\n"));
  CHECK(folder.read("s.safetensors") == folder.read("whole.safetensors"));
  const std::string lines = folder.read("m.jsonl");
  CHECK(lines.starts_with(first_lines));
  CHECK(std::count(lines.begin(), lines.end(), '\n') == 400);

  // It has ended: there is nothing left to do but to save.
  fs::remove(folder.path("s.safetensors"));
  CHECK(run_program(KD_DISTILL_FROM_FILES, command).exit_code == 0);
  CHECK(folder.read("s.safetensors") == folder.read("whole.safetensors"));
  CHECK(folder.read("m.jsonl") == lines);

  // Another training does not take it for its own.
  const Run other = run_program(KD_DISTILL_FROM_FILES, command + " --seed 1");
  CHECK(other.exit_code == 2);
  CHECK(is_one_line(other.err));
  CHECK_THAT(other.err, ContainsSubstring("a checkpoint of another training"));
}

TEST_CASE("without a checkpoint it is said that nothing is kept", "[interrupt]") {
  const TemporaryFolder folder;
  for (const int signal : {SIGINT, SIGTERM}) {
    Child child(KD_DISTILL_FROM_FILES, digits + "--student 49-30-10 --epochs 1000000 --save '" +
                                           folder.path("s.safetensors") + "'");
    child.wait_for("Student: ");
    child.send(signal);
    const Run stopped = child.end();
    CHECK(stopped.exit_code == 128 + signal);
    CHECK(stopped.err ==
          std::string("distill_from_files: stopped by ") +
              (signal == SIGINT ? "Ctrl-C" : "SIGTERM") +
              ": nothing is kept of this training (--checkpoint FILE would keep it)\n");
    CHECK_FALSE(fs::exists(folder.path("s.safetensors")));
  }
}

TEST_CASE("mnist_distill goes on with the network that it was at", "[interrupt]") {
  const TemporaryFolder folder;
  const std::string training =
      mnist + "--train-limit 1000 --teacher-epochs 3 --epochs 30 --threads 1 --int8 aware ";
  const auto into = [&](const std::string& name) {
    return training + "--json '" + folder.path(name + ".json") + "' --save '" +
           folder.path(name + ".safetensors") + "' ";
  };
  REQUIRE(run_program(KD_MNIST_DISTILL, into("whole")).exit_code == 0);
  const std::string checkpoint = folder.path("c");
  const std::string command = into("parts") + "--checkpoint '" + checkpoint + "'";
  for (const std::string at : {"teacher           epoch 1", "student alone     epoch  3"}) {
    Child child(KD_MNIST_DISTILL, command);
    child.wait_for(at);
    child.send(SIGINT);
    const Run stopped = child.end();
    CHECK(stopped.exit_code == 130);
    CHECK(stopped.err == "mnist_distill: stopped by Ctrl-C: the same command goes on from " +
                             checkpoint + (at[0] == 't' ? ".1" : ".2") + "\n");
    CHECK_FALSE(fs::exists(folder.path("parts.json")));
  }
  const Run rest = run_program(KD_MNIST_DISTILL, command);
  REQUIRE(rest.exit_code == 0);
  CHECK_THAT(rest.out, ContainsSubstring("Goes on from " + checkpoint + ".1\n") &&
                           ContainsSubstring("Goes on from " + checkpoint + ".2\n"));
  CHECK(folder.read("parts.safetensors") == folder.read("whole.safetensors"));
  const auto whole = nlohmann::json::parse(folder.read("whole.json"));
  const auto parts = nlohmann::json::parse(folder.read("parts.json"));
  for (const char* who : {"teacher", "student_alone", "student_distilled"})
    CHECK(parts[who]["history"] == whole[who]["history"]);
  CHECK(parts["integers"] == whole["integers"]);
  CHECK(fs::exists(checkpoint + ".12"));  // behind five pairs of students
}

TEST_CASE("a second Ctrl-C ends a program at once", "[interrupt]") {
  // One step takes longer than the time between the two.
  Child child(KD_MNIST_DISTILL, mnist + "--teacher-batch 10000 --threads 1");
  child.wait_for("Both students begin");
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  child.send(SIGINT);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  child.send(SIGINT);
  const Run ended = child.end();
  CHECK(ended.exit_code == 130);
  CHECK(ended.err.empty());
}

TEST_CASE("compare_methods ends in whatever it trains", "[interrupt]") {
  const TemporaryFolder folder;
  const std::string json = folder.path("x.json");
  for (const std::string method : {"SoftTargets", "BornAgain", "MutualLearning"}) {
    Child child(KD_COMPARE_METHODS, mnist +
                                        "--train-limit 100 --teacher-epochs 1 --epochs 1000000 "
                                        "--students 784-20-20-10 --methods " +
                                        method + " --json '" + json + "'");
    child.wait_for("784-20-20-10");
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    child.send(SIGINT);
    const Run stopped = child.end();
    CHECK(stopped.exit_code == 130);
    CHECK(stopped.err ==
          "compare_methods: stopped by Ctrl-C: no file is written, and what is printed is all "
          "there is\n");
    CHECK_FALSE(fs::exists(json));
  }
}

TEST_CASE("who ignores Ctrl-C, as nohup does, is not asked", "[interrupt]") {
  const TemporaryFolder folder;
  Child child(KD_DISTILL_FROM_FILES,
              digits + "--student 49-30-10 --epochs 100 --save '" + folder.path("s.safetensors") +
                  "' --metrics '" + folder.path("m.jsonl") + "'",
              true);
  wait_for_line(folder, "m.jsonl");
  child.send(SIGINT);
  CHECK(child.end().exit_code == 0);
  CHECK(fs::exists(folder.path("s.safetensors")));
}
