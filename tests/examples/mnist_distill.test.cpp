// SPDX-License-Identifier: MIT
//
// The MNIST program, run as a user runs it, on a few hundred images.

#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace kd::test;
using Json = nlohmann::ordered_json;

namespace {

struct Run {
  int exit_code;
  std::string out;
  std::string err;
};

Run run(const std::string& arguments) {
  const TemporaryFolder folder;
  const std::string command = std::string("\"") + KD_MNIST_DISTILL + "\" " + arguments + " > " +
                              folder.path("out") + " 2> " + folder.path("err");
  const int status = std::system(command.c_str());
  REQUIRE(WIFEXITED(status));
  return {WEXITSTATUS(status), folder.read("out"), folder.read("err")};
}

const std::string sample = std::string("--data \"") + KD_SAMPLE_DIR + "\" ";
const std::string small = sample + "--train-limit 300 --test-limit 100 --teacher-epochs 2 ";

std::vector<std::string> keys(const Json& object) {
  std::vector<std::string> all;
  for (const auto& item : object.items()) all.push_back(item.key());
  return all;
}

Json results_of(const std::string& arguments) {
  const TemporaryFolder folder;
  const Run program = run(arguments + " --json " + folder.path("results.json"));
  INFO(program.err);
  REQUIRE(program.exit_code == 0);
  return Json::parse(folder.read("results.json"));
}

using Keys = std::vector<std::string>;

}  // namespace

TEST_CASE("a short run ends with a table and the same figures as JSON", "[mnist_distill]") {
  const TemporaryFolder folder;
  const Run program =
      run(small + "--epochs 4 --seed 5 --threads 1 --json " + folder.path("results.json"));
  CHECK(program.err.empty());
  REQUIRE(program.exit_code == 0);
  CHECK_FALSE(std::filesystem::exists(folder.path("results.json.part")));

  const Json json = Json::parse(folder.read("results.json"));
  CHECK(keys(json) ==
        Keys{"recipe", "data", "seed", "threads", "teacher", "student_alone", "student_distilled"});
  CHECK(json["recipe"] == "tuned");
  CHECK(keys(json["data"]) == Keys{"source", "train", "test"});
  CHECK(json["data"]["source"] == KD_SAMPLE_DIR);
  CHECK(json["data"]["train"] == 300);
  CHECK(json["data"]["test"] == 100);
  CHECK(json["seed"] == 5);
  CHECK(json["threads"] == 1);

  for (const std::string who : {"teacher", "student_alone", "student_distilled"}) {
    const Json& network = json[who];
    CHECK(keys(network) == Keys{"parameters", "epochs", "test_errors", "test_accuracy",
                                "seconds_per_epoch", "history"});
    CHECK(network["parameters"] == (who == "teacher" ? 2'395'210 : 16'330));
    CHECK(network["epochs"] == (who == "teacher" ? 2 : 4));
    REQUIRE(network["history"].size() == network["epochs"].get<std::size_t>());
    CHECK(network["test_accuracy"].get<double>() ==
          Approx(1 - network["test_errors"].get<double>() / 100));
    CHECK(network["history"].back()["test_accuracy"] == network["test_accuracy"]);
    CHECK(network["seconds_per_epoch"] > 0);
    for (const Json& epoch : network["history"]) {
      if (who != "student_distilled") {
        CHECK(keys(epoch) == Keys{"train_loss", "test_accuracy"});
        continue;
      }
      CHECK(keys(epoch) == Keys{"train_loss", "test_accuracy", "hard_loss", "soft_loss"});
    }
  }
  CHECK(json["teacher"]["history"][1]["train_loss"] < json["teacher"]["history"][0]["train_loss"]);

  CHECK_THAT(program.out, StartsWith("MNIST: 300 training and 100 test images from "));
  CHECK_THAT(program.out, ContainsSubstring("Recipe tuned, seed 5, threads 1"));
  CHECK_THAT(program.out, ContainsSubstring("parameters  test errors   accuracy  seconds/epoch"));
  const std::string errors = json["student_distilled"]["test_errors"].dump();
  CHECK_THAT(program.out, ContainsSubstring("student distilled      16,330" +
                                            std::string(13 - errors.size(), ' ') + errors));
  CHECK_THAT(program.out, ContainsSubstring("teacher             2,395,210"));
  CHECK(program.out.find('\r') == std::string::npos);  // no moving bar where nobody looks
}

TEST_CASE("threads change nothing but the time", "[mnist_distill]") {
  const Json one = results_of(small + "--epochs 3 --threads 1");
  const Json two = results_of(small + "--epochs 3 --threads 2");
  for (const char* who : {"teacher", "student_alone", "student_distilled"})
    CHECK(one[who]["history"] == two[who]["history"]);
}

TEST_CASE("another seed is another run", "[mnist_distill]") {
  const Json zero = results_of(small + "--epochs 1 --seed 0");
  const Json one = results_of(small + "--epochs 1 --seed 1");
  for (const char* who : {"teacher", "student_alone", "student_distilled"})
    CHECK(zero[who]["history"] != one[who]["history"]);
}

TEST_CASE("the article's recipe and the flags over it", "[mnist_distill]") {
  const Run program = run(small + "--recipe article");
  REQUIRE(program.exit_code == 0);
  CHECK_THAT(program.out, ContainsSubstring("alone: 6 epochs, batch 32, lr 0.0001\n"));
  CHECK_THAT(program.out, ContainsSubstring("distilled: 5 epochs, batch 32, lr 0.0001,\n"
                                            "    temperature 7, hard weight 0.3, soft weight 0.7"));

  const Run changed = run(small +
                          "--recipe article --epochs 3 --distilled-epochs 1 --batch 100 --lr 0.01 "
                          "--schedule cosine --temperature 2 --hard-weight 0.25 --dropout 0.25");
  REQUIRE(changed.exit_code == 0);
  CHECK_THAT(changed.out, ContainsSubstring("teacher 784-1200-1200-10: 2 epochs, batch 32, lr "
                                            "0.0001, dropout 0.25"));
  CHECK_THAT(changed.out,
             ContainsSubstring("alone: 3 epochs, batch 100, lr 0.01 falling as a cosine\n"));
  CHECK_THAT(changed.out, ContainsSubstring("temperature 2, hard weight 0.25, soft weight 0.75"));
}

TEST_CASE("the distilled student's loss is its parts, weighted", "[mnist_distill]") {
  const Json json = results_of(small + "--epochs 2 --hard-weight 0.25 --soft-weight 2");
  for (const Json& epoch : json["student_distilled"]["history"])
    CHECK(epoch["train_loss"].get<double>() ==
          Approx(0.25 * epoch["hard_loss"].get<double>() + 2 * epoch["soft_loss"].get<double>()));
  // Learning from the labels alone is the student alone.
  const Json hard = results_of(small + "--epochs 2 --hard-weight 1");
  for (std::size_t epoch = 0; epoch < 2; ++epoch)
    CHECK(hard["student_distilled"]["history"][epoch]["train_loss"].get<double>() ==
          Approx(hard["student_alone"]["history"][epoch]["train_loss"].get<double>()));
}

TEST_CASE("--help tells every flag", "[mnist_distill]") {
  const Run program = run("--help");
  CHECK(program.exit_code == 0);
  CHECK(program.err.empty());
  for (const char* flag : {"--recipe",
                           "--data",
                           "--json",
                           "--seed",
                           "--threads",
                           "--train-limit",
                           "--test-limit",
                           "--teacher-epochs",
                           "--teacher-batch",
                           "--teacher-lr",
                           "--teacher-schedule",
                           "--dropout",
                           "--epochs",
                           "--distilled-epochs",
                           "--batch",
                           "--lr",
                           "--schedule",
                           "--temperature",
                           "--hard-weight",
                           "--soft-weight",
                           "Exit status"})
    CHECK_THAT(program.out, ContainsSubstring(flag));
}

TEST_CASE("what is wrong is said in one line, before any work", "[mnist_distill]") {
  const TemporaryFolder folder;
  folder.write("train-images-idx3-ubyte", "This is a text, and it is longer than a header.");
  const TemporaryFolder empty;
  struct Fault {
    std::string arguments;
    int exit_code;
    std::string text;
  };
  for (const Fault& fault : {
           Fault{"--no-such-flag", 2, "--no-such-flag"},
           Fault{"--recipe none", 2, "none not in {"},
           Fault{"--epochs many", 2, "--epochs"},
           Fault{"--seed -1", 2, "--seed"},
           Fault{"--epochs 0", 2, "student alone: epochs must be at least 1, got 0"},
           Fault{"--teacher-epochs 0", 2, "teacher: epochs must be at least 1, got 0"},
           Fault{"--batch 0", 2, "student alone: batch must be at least 1, got 0"},
           Fault{"--temperature 0", 2, "temperature must be positive and finite, got 0"},
           Fault{"--temperature nan", 2, "temperature must be positive and finite, got nan"},
           Fault{"--lr -0.1", 2, "lr must be positive and finite, got -0.1"},
           Fault{"--hard-weight -1", 2, "hard_weight must be zero or more and finite, got -1"},
           Fault{"--dropout 1", 2, "Dropout: p must be in [0, 1), got 1"},
           Fault{"--schedule steps", 2, "steps not in {"},
           Fault{"--threads 0", 2, "expected 1 to 1024 threads, got 0"},
           Fault{"--train-limit 0", 2, "--train-limit"},
           Fault{"--data /no/such/folder", 1, "/no/such/folder: expected a folder"},
           Fault{"--data " + empty.path(), 1, "train-images-idx3-ubyte: No such file"},
           Fault{"--data " + folder.path(), 1, "expected magic number 0x00000803 (images), got"},
           Fault{"--json /no/such/folder/x.json", 1, "cannot be written: No such file"},
           Fault{"--json " + empty.path(), 1, "cannot be written: Is a directory"},
       }) {
    INFO(fault.arguments);
    const bool has_data = fault.arguments.find("--data") != std::string::npos;
    const Run program = run((has_data ? "" : sample) + fault.arguments);
    CHECK(program.exit_code == fault.exit_code);
    CHECK_THAT(program.err, StartsWith("mnist_distill: ") && ContainsSubstring(fault.text));
    CHECK(std::count(program.err.begin(), program.err.end(), '\n') == 1);
    CHECK(program.out.find("epoch 1") == std::string::npos);
  }
}

TEST_CASE("results that cannot be written are an error, and the old ones stay", "[mnist_distill]") {
  const Run full = run(small + "--epochs 1 --json /dev/full");
  CHECK(full.exit_code == 1);
  CHECK_THAT(full.err, ContainsSubstring("/dev/full: cannot be written: No space left on device"));

  const TemporaryFolder folder;
  const std::string path = folder.write("results.json", "old");
  std::filesystem::create_directory(folder.path("results.json.part"));
  const Run blocked = run(small + "--epochs 1 --json " + path);
  CHECK(blocked.exit_code == 1);
  CHECK_THAT(blocked.err, ContainsSubstring("results.json.part: cannot be written"));
  CHECK(folder.read("results.json") == "old");

  std::filesystem::remove(folder.path("results.json.part"));
  CHECK(run(small + "--epochs 1 --json " + path).exit_code == 0);
  CHECK(Json::parse(folder.read("results.json"))["recipe"] == "tuned");
}
