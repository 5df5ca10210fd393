// SPDX-License-Identifier: MIT
//
// The comparison of methods, run as a user runs it, on a few hundred images.

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "examples/run_program.hpp"

using namespace kd::test;

namespace {

Run run(const std::string& arguments) { return run_program(KD_COMPARE_METHODS, arguments); }

const std::string small = std::string("--data \"") + KD_SAMPLE_DIR +
                          "\" --train-limit 200 --test-limit 100 --teacher-epochs 1 --batch 50 ";

std::vector<std::string> names(const Json& list) {
  std::vector<std::string> all;
  for (const Json& each : list) all.push_back(each["name"]);
  return all;
}

}  // namespace

TEST_CASE("every method trains both students of vectors", "[compare_methods]") {
  const TemporaryFolder folder;
  const Run program = run(small + "--epochs 1 --seeds 1 --json " + folder.path("all.json") +
                          " --svg " + folder.path("all.svg"));
  INFO(program.err);
  REQUIRE(program.exit_code == 0);
  const Json json = Json::parse(folder.read("all.json"));
  CHECK(json["data"]["train"] == 200);
  CHECK(json["data"]["test"] == 100);
  REQUIRE(names(json["students"]) == std::vector<std::string>{"784-20-20-10", "784-100-100-10"});
  for (const Json& student : json["students"]) {
    const std::vector<std::string> methods = names(student["methods"]);
    CHECK(methods.front() == "alone");
    CHECK(methods == names(json["students"][0]["methods"]));
    for (const char* name : {"SoftTargets",
                             "DecoupledKd",
                             "LogitStandardization",
                             "CorrelationKd",
                             "ReverseKl",
                             "GeneralizedJsd",
                             "Nkd",
                             "Wttm",
                             "RefinedLogits",
                             "AlphaBeta",
                             "MultiLevel",
                             "WassersteinLogits",
                             "LogitMse",
                             "LabelSmoothing",
                             "VirtualTeacher",
                             "TopK",
                             "AdversarialTemperature",
                             "Hint",
                             "SimilarityPreserving",
                             "RelationalKd",
                             "ProbabilisticTransfer",
                             "VariationalTransfer",
                             "Contrastive",
                             "FactorCosine",
                             "TeacherAssistant",
                             "BornAgain",
                             "MutualLearning",
                             "MeanTeacher"})
      CHECK(std::count(methods.begin(), methods.end(), name) == 1);
    for (const Json& method : student["methods"]) {
      INFO(method["name"]);
      CHECK(method.size() == 5);
      REQUIRE(method["errors"].size() == 1);
      CHECK(method["errors"][0].get<int>() < 100);
      CHECK(method["mean"] == method["errors"][0]);
      CHECK(method["deviation"] == 0);
      CHECK(method["seconds_per_epoch"] > 0);
      const auto name = method["name"].get<std::string>();
      CHECK_THAT(folder.read("all.svg"),
                 ContainsSubstring(std::string(">").append(name).append("</text>")));
    }
  }
  CHECK_THAT(folder.read("all.svg"), StartsWith("<svg ") && EndsWith("</svg>\n"));
}

TEST_CASE("a few methods with several seeds", "[compare_methods]") {
  const TemporaryFolder folder;
  const std::string flags = "--methods alone,Hint --students 784-20-20-10 --epochs 2 --seeds 3 ";
  const auto results = [&](const std::string& more) {
    const Run program = run(small + flags + more + "--json " + folder.path("few.json"));
    INFO(program.err);
    REQUIRE(program.exit_code == 0);
    CHECK_THAT(program.out, ContainsSubstring("Student 784-20-20-10, 16,330 parameters"));
    return Json::parse(folder.read("few.json"));
  };
  const Json json = results("--threads 1 ");
  REQUIRE(names(json["students"]) == std::vector<std::string>{"784-20-20-10"});
  REQUIRE(names(json["students"][0]["methods"]) == std::vector<std::string>{"alone", "Hint"});
  const Json& alone = json["students"][0]["methods"][0];
  const auto errors = alone["errors"].get<std::vector<double>>();
  REQUIRE(errors.size() == 3);
  CHECK((errors[0] != errors[1] || errors[1] != errors[2]));
  const double mean = (errors[0] + errors[1] + errors[2]) / 3;
  double squares = 0;
  for (const double each : errors) squares += (each - mean) * (each - mean);
  CHECK(alone["mean"].get<double>() == Approx(mean));
  CHECK(alone["deviation"].get<double>() == Approx(std::sqrt(squares / 2)));

  const Json again = results("--threads 2 ");
  for (std::size_t i = 0; i < 2; ++i)
    CHECK(again["students"][0]["methods"][i]["errors"] ==
          json["students"][0]["methods"][i]["errors"]);
}

TEST_CASE("every method trains the student of images", "[compare_methods]") {
  const TemporaryFolder folder;
  const Json json =
      results_of(KD_COMPARE_METHODS, small + "--networks images --epochs 1 --seeds 1 --svg " +
                                         folder.path("images.svg"));
  REQUIRE(names(json["students"]) == std::vector<std::string>{"DS-CNN"});
  const std::vector<std::string> methods = names(json["students"][0]["methods"]);
  CHECK(methods.front() == "alone");
  for (const char* name : {"SoftTargets",
                           "MultiLevel",
                           "WassersteinLogits",
                           "Hint",
                           "Hint then SoftTargets",
                           "AttentionTransfer",
                           "WassersteinFeatures",
                           "CatKd",
                           "ScaleDecoupled",
                           "FactorCosine",
                           "SimilarityPreserving",
                           "RelationalKd",
                           "ProbabilisticTransfer",
                           "Contrastive",
                           "Pooled SimilarityPreserving",
                           "Pooled RelationalKd",
                           "Pooled ProbabilisticTransfer",
                           "Pooled Contrastive",
                           "Pooled VariationalTransfer",
                           "TeacherAssistant",
                           "BornAgain",
                           "MutualLearning",
                           "MeanTeacher"})
    CHECK(std::count(methods.begin(), methods.end(), name) == 1);
  for (const Json& method : json["students"][0]["methods"]) {
    INFO(method["name"]);
    REQUIRE(method["errors"].size() == 1);
    CHECK(method["errors"][0].get<int>() < 100);
    CHECK(method["seconds_per_epoch"] > 0);
  }
  CHECK_THAT(folder.read("images.svg"), ContainsSubstring(">AttentionTransfer</text>"));
}

TEST_CASE("a comparison that was stopped goes on from its checkpoint", "[compare_methods]") {
  const TemporaryFolder folder;
  const std::string all = small + "--networks images --epochs 1 --seeds 2 ";
  const std::string kept = all + "--checkpoint " + folder.path("run") + " ";
  const Json whole = results_of(KD_COMPARE_METHODS, all + "--methods alone,AttentionTransfer");
  results_of(KD_COMPARE_METHODS, kept + "--methods alone");
  const std::string first = folder.read("run");
  CHECK(std::count(first.begin(), first.end(), '\n') == 3);  // the figures, and two seeds
  const Json rest = results_of(KD_COMPARE_METHODS, kept + "--methods alone,AttentionTransfer");
  CHECK(folder.read("run").substr(0, first.size()) == first);
  for (std::size_t i = 0; i < 2; ++i)
    CHECK(rest["students"][0]["methods"][i]["errors"] ==
          whole["students"][0]["methods"][i]["errors"]);

  // What is done is not done again: another number in the file is what comes out.
  std::string forged = folder.read("run");
  const std::string errors = "\"errors\":";
  const std::size_t at = forged.find(errors) + errors.size();
  forged.replace(at, forged.find(',', at) - at, "12345");
  folder.write("run", forged);
  const Json again = results_of(KD_COMPARE_METHODS, kept + "--methods alone,AttentionTransfer");
  CHECK(again["students"][0]["methods"][0]["errors"][0] == 12345);

  const Run other = run(kept + "--methods alone --lr 1e-3");
  CHECK(other.exit_code == 2);
  CHECK_THAT(other.err, StartsWith("compare_methods: --checkpoint: expected a file of {") &&
                            ContainsSubstring("\"lr\":0.001") && ContainsSubstring("\"lr\":0.004"));
  folder.write("run", forged + "{\"student\":\n");
  const Run torn = run(kept + "--methods alone");
  CHECK(torn.exit_code == 2);
  CHECK_THAT(torn.err, ContainsSubstring("holds what is no training"));
  CHECK(is_one_line(torn.err));
}

TEST_CASE("what is wrong with a comparison is said in one line", "[compare_methods]") {
  const TemporaryFolder folder;
  struct Fault {
    std::string arguments;
    int exit_code;
    std::string text;
  };
  for (const Fault& fault :
       {Fault{"--no-such-flag", 2, "--no-such-flag"},
        Fault{"--methods alone,Hin", 2, "there is no method \"Hin\", only alone; "},
        Fault{"--students 784-10", 2, "there is no student \"784-10\", only 784-20-20-10; "},
        Fault{"--networks images --students 784-20-20-10", 2, "only DS-CNN"},
        Fault{"--networks images --methods VariationalTransfer", 2, "there is no method"},
        Fault{"--methods AttentionTransfer", 2, "there is no method \"AttentionTransfer\""},
        Fault{"--networks maps", 2, "--networks: expected "},
        Fault{"--epochs 0", 2, "--epochs: expected a whole number from 1 to 2147483647, got 0"},
        Fault{"--teacher-epochs 0", 2,
              "--teacher-epochs: expected a whole number from 1 to 2147483647, got 0"},
        Fault{"--seeds 0", 2, "--seeds: expected a whole number from 1 to 2147483647, got 0"},
        Fault{"--lr 0", 2, "--lr: expected a number above 0 that a float can hold, got 0"},
        Fault{"--threads 0", 2, "--threads: expected a whole number from 1 to 1024, got 0"},
        Fault{"--data " + folder.path("none"), 1, "none: expected a folder"},
        Fault{"--methods alone,,Hint", 2,
              "--methods: expected names separated by commas, got alone,,"},
        Fault{"--students ,", 2, "--students: expected names separated by commas, got ,"},
        Fault{"--seed 18446744073709551615", 2,
              "--seed: expected that --seeds 3 of them fit 64 bits"}}) {
    INFO(fault.arguments);
    const Run program = run(fault.arguments);
    CHECK(program.exit_code == fault.exit_code);
    CHECK_THAT(program.err, StartsWith("compare_methods: ") && ContainsSubstring(fault.text));
    CHECK(is_one_line(program.err));
    CHECK(program.out.find("Teacher") == std::string::npos);
  }
}

TEST_CASE("--help names methods and students", "[compare_methods]") {
  const Run program = run("--help");
  CHECK(program.exit_code == 0);
  for (const char* word :
       {"--methods", "--students", "--seeds", "--svg", "Exit status", "\n  SoftTargets\n",
        "\n  VariationalTransfer (vectors)\n", "\n  AttentionTransfer (images)\n",
        "\n  784-100-100-10 (vectors)\n", "\n  DS-CNN (images)\n"})
    CHECK_THAT(program.out, ContainsSubstring(word));
}
