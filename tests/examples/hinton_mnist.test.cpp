// SPDX-License-Identifier: MIT
//
// Hinton's experiment, run as a user runs it, on a few hundred images.

#include <filesystem>
#include <string>
#include <vector>

#include "examples/run_program.hpp"
#include "hinton_mnist/bias_correction.hpp"

using namespace kd::test;

namespace {

Run run(const std::string& arguments) { return run_program(KD_HINTON_MNIST, arguments); }

const std::string small = std::string("--data \"") + KD_SAMPLE_DIR +
                          "\" --train-limit 300 --test-limit 100 --quick --teacher-epochs 2 "
                          "--student-epochs 2 --sweep-epochs 1 --batch 50 ";

}  // namespace

TEST_CASE("every row of the table is run, and goes on from its checkpoints", "[hinton_mnist]") {
  const TemporaryFolder folder;
  const std::string command = small + "--checkpoints " + folder.path("runs") + " --json ";
  const Run program =
      run(command + folder.path("first.json") + " --report " + folder.path("first.html"));
  INFO(program.err);
  REQUIRE(program.exit_code == 0);
  for (const char* text :
       {"Images: 300 to train, 100 to test from ", "teacher, 1200-1200", "800-800 alone",
        "800-800 distilled", "no 3 in the transfer set", "bias of the 3 moved by",
        "7s and 8s only, % wrong", "30 units, T = 3", "300 units, T = 20"})
    CHECK_THAT(program.out, ContainsSubstring(text));
  CHECK(program.out.find('\r') == std::string::npos);

  const Json json = Json::parse(folder.read("first.json"));
  CHECK(json["tested_on"] == "test images");
  REQUIRE(json["seeds"].size() == 1);
  const Json& seed = json["seeds"][0];
  CHECK(seed["teacher"]["parameters"] == 2'395'210);
  CHECK(seed["alone"]["parameters"] == 1'276'810);
  CHECK(seed["teacher"]["history"].size() == 2);
  CHECK(seed["without_threes"]["classes"] == Json{3});
  CHECK(seed["sevens_and_eights"]["classes"] == Json{7, 8});
  CHECK(seed["sevens_and_eights"]["as_trained"]["test"]["class_errors"][0] ==
        seed["sevens_and_eights"]["as_trained"]["test"]["class_samples"][0]);
  CHECK(seed["sweep"].size() == 6);

  const std::string page = folder.read("first.html");
  for (const char* text :
       {"<title>Distilling the Knowledge in a Neural Network, section 3</title>",
        "Errors by temperature", "Loss of distilled", "7s and 8s only, biases moved by ",
        "What the teacher says of test image "})
    CHECK_THAT(page, ContainsSubstring(text));
  CHECK(page.size() < 1'000'000);

  // All is there already: nothing is trained, and the results are the same to the last digit.
  const Run again = run(command + folder.path("again.json") + " --threads 1");
  REQUIRE(again.exit_code == 0);
  CHECK_THAT(again.out, ContainsSubstring("Goes on from ") &&
                            ContainsSubstring("seed-0-7s-and-8s-only.checkpoint"));
  CHECK(again.out.find("epoch 1") == std::string::npos);
  CHECK(Json::parse(folder.read("again.json"))["seeds"] == json["seeds"]);
}

TEST_CASE("rows and seeds are chosen, and the figures held out for that", "[hinton_mnist]") {
  const Json json =
      results_of(KD_HINTON_MNIST, small + "--rows alone --seeds 2 --seed 4 --validate");
  CHECK(json["tested_on"] == "held-out training images");
  CHECK(json["data"]["train"] == 250);
  CHECK(json["data"]["test"] == 50);
  REQUIRE(json["seeds"].size() == 2);
  CHECK(json["seeds"][1]["seed"] == 5);
  CHECK_FALSE(json["seeds"][0].contains("teacher"));
  CHECK(json["seeds"][0]["alone"]["history"] != json["seeds"][1]["alone"]["history"]);
}

TEST_CASE("what is wrong with the experiment's flags is said in one line", "[hinton_mnist]") {
  const TemporaryFolder folder;
  struct Fault {
    std::string arguments;
    int exit_code;
    std::string text;
  };
  for (const Fault& fault :
       {Fault{"--rows alone,teach", 2, "--rows: there is no \"teach\", only alone, distilled, "},
        Fault{"--seed 18446744073709551615", 2,
              "--seed: expected that --seeds 3 of them fit 64 bits"},
        Fault{"--dropout 1", 2, "--dropout: expected a number from 0 to below 1, got 1"},
        Fault{"--max-norm 1e20", 2, "MaxNorm: max_norm must be between 1e-12 and 1e12, got 1e+20"},
        Fault{"--checkpoints " + folder.write("file", "x"), 1, "file: cannot be made a folder"},
        Fault{"--data " + folder.path("none"), 1, "none: expected a folder"}}) {
    INFO(fault.arguments);
    const Run program = run(fault.arguments);
    CHECK(program.exit_code == fault.exit_code);
    CHECK_THAT(program.err, StartsWith("hinton_mnist: ") && ContainsSubstring(fault.text));
    CHECK(is_one_line(program.err));
    CHECK(program.out.find("Images") == std::string::npos);
  }
}

TEST_CASE("the best shift makes the fewest errors", "[hinton_mnist]") {
  // Class 2 is 1 to 3 too low for its samples 0 to 3, and 4 or more too low for the others.
  kd::Matrix<float> logits(3, 8);
  kd::Labels labels(8);
  for (kd::Index i = 0; i < 8; ++i) {
    logits.col(i) << 5, 1,
        static_cast<float>(i < 4 ? 4 - 0.6 * static_cast<double>(i) : 1. - static_cast<double>(i));
    labels(i) = i < 4 ? 2 : 0;
  }
  CHECK(hinton::best_shift(logits, kd::view(labels), {2}) == Approx(5.4).margin(0.11));
  CHECK(hinton::best_shift(logits, kd::view(labels), {0, 1}) == Approx(-5.4).margin(0.11));
  CHECK_THROWS_AS(hinton::best_shift(logits, kd::view(labels), {0, 1, 2}), kd::ConfigError);
  CHECK_THROWS_AS(hinton::best_shift(logits, kd::view(labels), {}), kd::ConfigError);
}
