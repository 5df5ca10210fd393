// SPDX-License-Identifier: MIT
//
// The MNIST program, run as a user runs it, on a few hundred images.

#include <cmath>
#include <filesystem>
#include <kd/data/gzip.hpp>
#include <kd/distill.hpp>
#include <kd/io.hpp>
#include <string>
#include <vector>

#include "examples/run_program.hpp"
#include "networks.hpp"
#include "support/c_program.hpp"

using namespace kd::test;

namespace {

Run run(const std::string& arguments) { return run_program(KD_MNIST_DISTILL, arguments); }

const std::string sample = std::string("--data \"") + KD_SAMPLE_DIR + "\" ";
const std::string small = sample + "--train-limit 300 --test-limit 100 --teacher-epochs 2 ";

std::vector<std::string> keys(const Json& object) {
  std::vector<std::string> all;
  for (const auto& item : object.items()) all.push_back(item.key());
  return all;
}

using Keys = std::vector<std::string>;

}  // namespace

TEST_CASE("a short run ends with a table and the same figures as JSON", "[mnist_distill]") {
  const TemporaryFolder folder;
  const Run program =
      run(small + "--epochs 4 --seed 5 --threads 1 --json " + folder.path("results.json"));
  CHECK(program.err.empty());
  REQUIRE(program.exit_code == 0);

  const Json json = Json::parse(folder.read("results.json"));
  CHECK(keys(json) == Keys{"recipe", "data", "seed", "threads", "teacher", "student_alone",
                           "student_distilled", "errors_by_seed"});
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

TEST_CASE("several seeds of the students show their spread, and a page all of it",
          "[mnist_distill]") {
  const TemporaryFolder folder;
  const Run program = run(small + "--epochs 2 --seed 5 --seeds 3 --json " +
                          folder.path("all.json") + " --report " + folder.path("all.html"));
  INFO(program.err);
  REQUIRE(program.exit_code == 0);
  const Json json = Json::parse(folder.read("all.json"));
  const Json& seeds = json["errors_by_seed"];
  REQUIRE(seeds.size() == 3);
  CHECK(seeds[0]["alone"] == json["student_alone"]["test_errors"]);
  CHECK(seeds[0]["distilled"] == json["student_distilled"]["test_errors"]);
  CHECK(seeds[2]["seed"] == 7);
  CHECK_THAT(program.out,
             ContainsSubstring("seed 7: alone " + seeds[2]["alone"].dump() + " errors, distilled " +
                               seeds[2]["distilled"].dump() + "\n") &&
                 ContainsSubstring("Errors, mean of 3 seeds: alone "));
  const Json lone = results_of(KD_MNIST_DISTILL, small + "--epochs 2 --seed 7 --seeds 1");
  CHECK(lone["student_alone"]["test_errors"] == seeds[2]["alone"]);

  const std::string page = folder.read("all.html");
  CHECK_THAT(page, ContainsSubstring("<th scope=\"row\">7</th><td>" + seeds[2]["alone"].dump()) &&
                       ContainsSubstring("Loss of student distilled") &&
                       ContainsSubstring("the deviation over 3 seeds"));
  CHECK(page.size() < 1'000'000);
  CHECK_THAT(run(small + "--seed 18446744073709551615").err,
             ContainsSubstring("--seed: expected that --seeds 5 of them fit 64 bits"));
}

TEST_CASE("threads change nothing but the time", "[mnist_distill]") {
  const Json one = results_of(KD_MNIST_DISTILL, small + "--epochs 3 --threads 1");
  const Json two = results_of(KD_MNIST_DISTILL, small + "--epochs 3 --threads 2");
  for (const char* who : {"teacher", "student_alone", "student_distilled"})
    CHECK(one[who]["history"] == two[who]["history"]);
}

TEST_CASE("another seed is another run", "[mnist_distill]") {
  const Json zero = results_of(KD_MNIST_DISTILL, small + "--epochs 1 --seed 0");
  const Json one = results_of(KD_MNIST_DISTILL, small + "--epochs 1 --seed 1");
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
  const Json json =
      results_of(KD_MNIST_DISTILL, small + "--epochs 2 --hard-weight 0.25 --soft-weight 2");
  for (const Json& epoch : json["student_distilled"]["history"])
    CHECK(epoch["train_loss"].get<double>() ==
          Approx(0.25 * epoch["hard_loss"].get<double>() + 2 * epoch["soft_loss"].get<double>()));
  // Learning from the labels alone is the student alone.
  const Json hard = results_of(KD_MNIST_DISTILL, small + "--epochs 2 --hard-weight 1");
  for (std::size_t epoch = 0; epoch < 2; ++epoch)
    CHECK(hard["student_distilled"]["history"][epoch]["train_loss"].get<double>() ==
          Approx(hard["student_alone"]["history"][epoch]["train_loss"].get<double>()));
}

TEST_CASE("a hard weight above 1 is fine beside a soft weight", "[mnist_distill]") {
  const Run program = run(small + "--epochs 1 --hard-weight 1.5 --soft-weight 0.25");
  CHECK(program.exit_code == 0);
  CHECK_THAT(program.out, ContainsSubstring("hard weight 1.5, soft weight 0.25"));
}

TEST_CASE("student and teacher are saved, and a saved teacher teaches the same",
          "[mnist_distill]") {
  const TemporaryFolder folder;
  const std::string teacher = folder.path("teacher.safetensors");
  const Json trained =
      results_of(KD_MNIST_DISTILL, small + "--epochs 2 --save " + folder.path("1.safetensors") +
                                       " --save-teacher " + teacher);
  const std::string rest = sample + "--train-limit 300 --test-limit 100 --epochs 2 ";
  const Run program = run(rest + "--teacher " + teacher + " --save " +
                          folder.path("2.safetensors") + " --json " + folder.path("2.json"));
  INFO(program.err);
  REQUIRE(program.exit_code == 0);
  CHECK(folder.read("1.safetensors") == folder.read("2.safetensors"));
  CHECK_THAT(program.out, ContainsSubstring("teacher 784-1200-1200-10: from " + teacher + "\n"));
  CHECK(program.out.find("teacher           epoch") == std::string::npos);
  const Json taken = Json::parse(folder.read("2.json"));
  CHECK(taken["teacher"]["file"] == teacher);
  CHECK(taken["teacher"]["epochs"] == 0);
  CHECK(taken["teacher"]["test_errors"] == trained["teacher"]["test_errors"]);
  CHECK(taken["student_distilled"]["history"] == trained["student_distilled"]["history"]);

  // What is saved is what was tested.
  kd::Network<example::Student> student{kd::Rng(0)};
  kd::load(student, folder.path("1.safetensors"));
  const kd::Dataset test =
      kd::load_mnist(KD_SAMPLE_DIR, kd::Split::test, kd::GzipFiles{}).slice(0, 100);
  CHECK(kd::evaluate(student, test).errors == trained["student_distilled"]["test_errors"]);

  // As PyTorch's nn.Sequential without dropout counts layers.
  const auto layers = kd::TensorNames({"0", "2", "4"});
  kd::Network<example::Teacher> network{kd::Rng(0)};
  kd::load(network, teacher);
  kd::save(network, folder.path("torch.safetensors"), layers);
  REQUIRE(run(rest + "--teacher " + folder.path("torch.safetensors") + " --save " +
              folder.path("3.safetensors"))
              .exit_code == 0);
  CHECK(folder.read("1.safetensors") == folder.read("3.safetensors"));

  const Run other = run(rest + "--teacher " + folder.path("1.safetensors"));
  CHECK(other.exit_code == 1);
  CHECK(other.out.empty());
  CHECK_THAT(other.err, EndsWith("expected a teacher of 784-1200-1200-10, got 784-20-20-10\n"));
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
                           "--save",
                           "--save-teacher",
                           "--teacher",
                           "--checkpoint",
                           "--export-c",
                           "--export-onnx",
                           "--int8",
                           "--bits",
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
           Fault{"--recipe none", 2, "--recipe: expected tuned or article, got none"},
           Fault{"--epochs many", 2,
                 "--epochs: expected a whole number from 1 to 2147483647, got many"},
           Fault{"--seed -1", 2,
                 "--seed: expected a whole number from 0 to 18446744073709551615, got -1"},
           Fault{"--epochs 0", 2, "--epochs: expected a whole number from 1 to 2147483647, got 0"},
           Fault{"--teacher-epochs 0", 2,
                 "--teacher-epochs: expected a whole number from 1 to 2147483647, got 0"},
           Fault{"--batch 0", 2, "--batch: expected a whole number from 1 to 2147483647, got 0"},
           Fault{"--temperature 0", 2,
                 "--temperature: expected a number above 0 that a float can hold, got 0"},
           Fault{"--temperature nan", 2,
                 "--temperature: expected a number above 0 that a float can hold, got nan"},
           Fault{"--lr -0.1", 2, "--lr: expected a number above 0 that a float can hold, got -0.1"},
           Fault{"--hard-weight -1", 2,
                 "--hard-weight: expected a number of at least 0 that a float can hold, got -1"},
           Fault{"--dropout 1", 2, "--dropout: expected a number from 0 to below 1, got 1"},
           Fault{"--schedule steps", 2, "--schedule: expected constant or cosine, got steps"},
           Fault{"--threads 0", 2, "--threads: expected a whole number from 1 to 1024, got 0"},
           Fault{"--train-limit 0", 2,
                 "--train-limit: expected a whole number from 1 to 2147483647, got 0"},
           Fault{"--data /no/such/folder", 1, "/no/such/folder: expected a folder"},
           Fault{"--data " + empty.path(), 1, "train-images-idx3-ubyte: No such file"},
           Fault{"--data " + folder.path(), 1, "expected magic number 0x00000803 (images), got"},
           Fault{"--hard-weight 1.5", 2,
                 "--hard-weight: expected at most 1 without --soft-weight, which then is 1 - hard "
                 "weight, got 1.5"},
           Fault{"--teacher t --teacher-epochs 3", 2,
                 "--teacher-epochs: expected a teacher to train, got one that is trained already"},
           Fault{"--teacher /no/such.safetensors", 1, "/no/such.safetensors: No such file"},
           Fault{"--hard-weight 0 --soft-weight 0", 2, "hard_weight and soft_weight are both 0"},
       }) {
    INFO(fault.arguments);
    const bool has_data = fault.arguments.find("--data") != std::string::npos;
    const Run program = run((has_data ? "" : sample) + fault.arguments);
    CHECK(program.exit_code == fault.exit_code);
    CHECK_THAT(program.err, StartsWith("mnist_distill: ") && ContainsSubstring(fault.text));
    CHECK(is_one_line(program.err));
    CHECK(program.out.find("epoch 1") == std::string::npos);
  }
}

TEST_CASE("an exported student classifies on a device as it did before",
          "[mnist_distill][export]") {
  const TemporaryFolder folder;
  const std::string integers = GENERATE(as<std::string>(), "yes", "aware --bits 4");
  const Run program = run(small + "--epochs 40 --seeds 1 --int8 " + integers + " --export-c " +
                          folder.path("student") + " --export-onnx " + folder.path("student.onnx"));
  INFO(program.err);
  REQUIRE(program.exit_code == 0);
  const Json json = Json::parse(folder.read("student.json"));
  CHECK(json["type"] == "int8");
  CHECK(json["samples"] == 100);
  CHECK(folder.read("student.onnx").find("QuantizeLinear") != std::string::npos);

  const auto built =
      run_shell(c_compilers().at(0) + as_c + "-O2 -DSTUDENT_SELF_TEST -I" + folder.path() +
                " " KD_DEVICE_MAIN " " + folder.path("student.c") + " -o " + folder.path("device"));
  INFO(built.err);
  REQUIRE(built.exit_code == 0);
  CHECK(run_shell(folder.path("device") + " --self-test").exit_code == 0);
  const kd::Dataset test = kd::load_mnist(KD_SAMPLE_DIR, kd::Split::test, kd::GzipFiles{});
  std::string bytes;
  test.visit([&](const auto& images, float) {
    bytes.assign(reinterpret_cast<const char*>(images.data), 784 * 100);
  });
  folder.write("images", bytes);
  const Run device = run_shell(folder.path("device") + " < " + folder.path("images"));
  REQUIRE(device.exit_code == 0);
  REQUIRE(device.out.size() == 200);  // a digit and the end of its line
  int right = 0;
  for (std::size_t i = 0; i < 100; ++i) right += device.out[2 * i] - '0' == test.labels().data[i];
  CHECK(right == std::lround(100 * json["accuracy"].get<double>()));
  CHECK(right > 50);

  folder.write("images", bytes.substr(0, 1000));
  const Run cut = run_shell(folder.path("device") + " < " + folder.path("images"));
  CHECK(cut.exit_code == 1);
  CHECK(cut.err == "device: expected images of 784 bytes, the last has 216\n");
}

TEST_CASE("a student that learned to live with few bits is reported, and exported",
          "[mnist_distill][export]") {
  const TemporaryFolder folder;
  const Run program =
      run(small + "--epochs 24 --seeds 2 --int8 aware --bits 3 --json " + folder.path("all.json") +
          " --report " + folder.path("all.html") + " --export-c " + folder.path("student") +
          " --export-onnx " + folder.path("student.onnx"));
  INFO(program.err);
  REQUIRE(program.exit_code == 0);
  const Json json = Json::parse(folder.read("all.json"));
  const Json& integers = json["integers"];
  CHECK(keys(integers) == Keys{"bits", "epochs", "lr", "float", "afterwards", "aware"});
  CHECK(integers["bits"] == 3);
  CHECK(integers["epochs"] == 2);
  CHECK(integers["lr"].get<double>() == Approx(4e-4));
  CHECK(integers["float"]["test_errors"] == json["student_distilled"]["test_errors"]);
  CHECK(integers["aware"]["test_errors"] < integers["afterwards"]["test_errors"]);
  CHECK_THAT(
      program.out,
      ContainsSubstring("  the distilled one, trained further in 3 bits: 2 epochs, lr 0.0004\n"));
  const std::string errors = integers["aware"]["test_errors"].dump();
  CHECK_THAT(program.out, ContainsSubstring("in 3 bits         epoch 2 of 2:") &&
                              ContainsSubstring("\nquantisation-aware " +
                                                std::string(23 - errors.size(), ' ') + errors));
  CHECK_THAT(folder.read("all.html"), ContainsSubstring("quantisation-aware"));
  CHECK(Json::parse(folder.read("student.json"))["accuracy"] == integers["aware"]["test_accuracy"]);
  CHECK(folder.read("student.onnx").find("Clip") != std::string::npos);  // to fewer than 8 bits

  // Without an export it is a figure that is wanted; 8 bits are the default.
  const Json eight = results_of(KD_MNIST_DISTILL, small + "--epochs 2 --seeds 1 --int8 aware");
  CHECK(eight["integers"]["bits"] == 8);
  CHECK(eight["integers"]["epochs"] == 1);
}

TEST_CASE("an export that cannot be made is refused before the training",
          "[mnist_distill][export]") {
  CHECK(run(small + "--int8 yes").err ==
        "mnist_distill: --int8: expected --export-c or --export-onnx beside it, got neither\n");
  for (const std::string other : {"no", "yes"})
    CHECK(run(small + "--export-c student --bits 4 --int8 " + other).err ==
          "mnist_distill: --bits: expected --int8 aware beside it, got --int8 " + other + "\n");
  const TemporaryFolder folder;
  const std::string student = folder.path("student");
  CHECK(run(small + "--export-c " + student + " --json " + student + ".json").err ==
        "mnist_distill: --export-c (NAME.json): expected a file of its own, got " + student +
            ".json, which is that of --json\n");
  CHECK(run(small + "--export-c 2nd").err.find("a name of letters, digits and '_'") !=
        std::string::npos);
  CHECK(run(small + "--export-c /nowhere/student").err.find("/nowhere/student.c: ") !=
        std::string::npos);
}
