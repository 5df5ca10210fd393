// SPDX-License-Identifier: MIT
//
// The program for networks of images, run as a user runs it, on a few hundred images.

#include <kd/data/gzip.hpp>
#include <kd/distill.hpp>
#include <kd/io.hpp>
#include <string>

#include "common/image_networks.hpp"
#include "examples/run_program.hpp"

using namespace kd::test;

namespace {

Run run(const std::string& arguments) { return run_program(KD_IMAGE_DISTILL, arguments); }

const std::string sample = std::string("--data \"") + KD_SAMPLE_DIR + "\" ";
const std::string small = sample +
                          "--train-limit 256 --test-limit 100 --teacher-epochs 1 --epochs 2 "
                          "--seeds 2 --batch 64 ";

}  // namespace

TEST_CASE("the sizes that the program's text tells of", "[image_distill]") {
  CHECK(kd::Network<example::images::Teacher>(kd::Rng(1)).num_params() == 308'074);
  CHECK(kd::Network<example::images::Student>(kd::Rng(1)).num_params() == 18'890);
}

TEST_CASE("image_distill ends with a table, JSON, a page and the networks", "[image_distill]") {
  const TemporaryFolder folder;
  const Run program =
      run(small + "--seed 5 --threads 1 --json " + folder.path("results.json") + " --report " +
          folder.path("page.html") + " --save " + folder.path("s.safetensors") +
          " --save-teacher " + folder.path("t.safetensors"));
  INFO(program.err);
  REQUIRE(program.exit_code == 0);
  CHECK_THAT(program.out, StartsWith("Images: 256 for training and 100 test images from "));
  CHECK_THAT(program.out, ContainsSubstring("Recipe quick, seed 5, threads 1, batch 64"));
  CHECK_THAT(program.out, ContainsSubstring("teacher               308,074"));
  CHECK_THAT(program.out, ContainsSubstring("Distilled, the student makes "));
  CHECK(program.out.find('\r') == std::string::npos);

  const Json json = Json::parse(folder.read("results.json"));
  CHECK(json["recipe"] == "quick");
  CHECK(json["teacher"]["seeds"].size() == 1);
  for (const char* who : {"student_alone", "student_distilled"}) {
    const Json& student = json[who];
    CHECK(student["parameters"] == 18'890);
    REQUIRE(student["seeds"].size() == 2);
    double sum = 0;
    for (const Json& seed : student["seeds"]) {
      CHECK(seed["history"].size() == 2);
      CHECK(seed["history"].back()["test_accuracy"] == seed["test_accuracy"]);
      sum += seed["test_errors"].get<double>();
    }
    CHECK(student["test_errors"]["mean"].get<double>() == Approx(sum / 2));
  }
  CHECK_THAT(folder.read("page.html"), ContainsSubstring("student distilled"));

  // What was saved is the network of the table, and serves as the teacher of another run.
  kd::Network<example::images::Student> student(kd::Rng(1));
  kd::load(student, folder.path("s.safetensors"));
  const kd::Dataset test = kd::load_mnist(KD_SAMPLE_DIR, kd::Split::test, kd::GzipFiles{});
  CHECK(kd::evaluate(student, test.slice(0, 100)).errors ==
        json["student_distilled"]["seeds"][0]["test_errors"].get<kd::Index>());
  const Run again = run(sample +
                        "--train-limit 256 --test-limit 100 --epochs 2 --seeds 2 --batch 64 --seed "
                        "5 --json " +
                        folder.path("again.json") + " --teacher " + folder.path("t.safetensors"));
  REQUIRE(again.exit_code == 0);
  Json with_file = Json::parse(folder.read("again.json"));
  CHECK(with_file["teacher"]["file"] == folder.path("t.safetensors"));
  for (const char* who : {"student_alone", "student_distilled"})
    CHECK(with_file[who]["test_errors"] == json[who]["test_errors"]);
}

TEST_CASE("image_distill: threads change nothing but the time", "[image_distill]") {
  const Json one = results_of(KD_IMAGE_DISTILL, small + "--threads 1");
  const Json two = results_of(KD_IMAGE_DISTILL, small + "--threads 2");
  for (const char* who : {"teacher", "student_alone", "student_distilled"})
    CHECK(one[who]["test_errors"] == two[who]["test_errors"]);
}

TEST_CASE("image_distill exports the student that learned to live with few bits",
          "[image_distill][export]") {
  const TemporaryFolder folder;
  const Run program = run(small + "--int8 aware --bits 4 --json " + folder.path("all.json") +
                          " --export-c " + folder.path("student"));
  INFO(program.err);
  REQUIRE(program.exit_code == 0);
  const Json json = Json::parse(folder.read("all.json"));
  CHECK(json["integers"]["float"]["test_errors"] ==
        json["student_distilled"]["seeds"][0]["test_errors"]);
  CHECK(json["integers"]["epochs"] == 1);
  CHECK(Json::parse(folder.read("student.json"))["accuracy"] ==
        json["integers"]["aware"]["test_accuracy"]);
  CHECK_THAT(program.out, ContainsSubstring("\nin 4 bits, first seed "));
}

TEST_CASE("image_distill refuses what does not go together", "[image_distill]") {
  const Run trained = run(sample + "--teacher t.safetensors --teacher-epochs 3");
  CHECK(trained.exit_code == 2);
  CHECK_THAT(trained.err, ContainsSubstring("--teacher-epochs: expected a teacher to train"));
  const Run weight = run(sample + "--hard-weight 1.5");
  CHECK(weight.exit_code == 2);
  CHECK_THAT(weight.err, ContainsSubstring("--hard-weight: expected a number from 0 to 1"));
  const Run bits = run(sample + "--bits 4");
  CHECK(bits.exit_code == 2);
  CHECK(bits.err == "image_distill: --bits: expected --int8 aware beside it, got --int8 no\n");
}
