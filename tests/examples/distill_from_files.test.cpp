// SPDX-License-Identifier: MIT
//
// The programs for samples from files, run as a user runs them, and held against the library.

#include <filesystem>
#include <kd/distill.hpp>
#include <kd/io.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "examples/run_program.hpp"
#include "support/npz.hpp"

using namespace kd;
using namespace kd::test;

namespace {

using Small = Sequential<Linear<49, 12>, ReLU, Linear<12, 10>>;

const std::string digits = KD_SAMPLE_DIR "/digits.csv";
const std::string test_digits = KD_SAMPLE_DIR "/digits_test.csv";

Run distill(const std::string& arguments) { return run_program(KD_DISTILL_FROM_FILES, arguments); }
Run predict(const std::string& arguments) { return run_program(KD_PREDICT, arguments); }

/// What a run prints that must end well.
std::string printed(const Run& run) {
  INFO(run.err);
  REQUIRE(run.exit_code == 0);
  CHECK(run.err.empty());
  return run.out;
}

std::string flag(const std::string& name, const std::string& value) {
  return "--" + name + " '" + value + "' ";
}

const std::string on_digits = flag("train", digits) + "--label-column digit ";

Dataset load_digits(const std::string& path) { return load_csv(path, {.label = "digit"}).data; }

/// The digits as arrays: x.npy, y.npy, and both in xy.npz.
void write_arrays(const TemporaryFolder& folder) {
  const Dataset data = load_digits(digits);
  save_npy(data.inputs(), folder.path("x.npy"));
  save_npy(data.labels(), folder.path("y.npy"));
  folder.write("xy.npz", npz_of({{"x", folder.read("x.npy")}, {"y", folder.read("y.npy")}}));
}

/// A teacher that has learned, and what it says of the digits.
struct Taught {
  TemporaryFolder folder;
  std::string network = folder.path("teacher.safetensors");
  std::string logits = folder.path("logits.npy");

  Taught() {
    printed(distill(on_digits + "--student 49-40-10 --epochs 20 --standardize yes " +
                    flag("save", network)));
    printed(predict(flag("network", network) + flag("inputs", digits) +
                    "--label-column digit --as logits " + flag("output", logits)));
  }
};

const Taught& taught() {
  static const Taught once;
  return once;
}

std::string saved_by(const std::string& arguments) {
  const TemporaryFolder folder;
  printed(distill(arguments + " " + flag("save", folder.path("s.safetensors"))));
  return folder.read("s.safetensors");
}

template <class Architecture>
Network<Architecture> loaded(const std::string& path) {
  Network<Architecture> network{Rng(0)};
  load(network, path);
  return network;
}

}  // namespace

TEST_CASE("a student from files is the one that the library trains", "[distill_from_files]") {
  const TemporaryFolder folder;
  const std::string file = folder.path("student.safetensors");
  const std::string metrics = folder.path("metrics.jsonl");
  const std::string out = printed(distill(
      on_digits + flag("teacher-logits", taught().logits) + flag("validation", test_digits) +
      "--student 49-12-10 --epochs 12 --batch 50 --lr 0.01 --schedule cosine --temperature 3 "
      "--hard-weight 0.25 --seed 7 --standardize yes --patience 3 " +
      flag("save", file) + flag("metrics", metrics)));

  const Dataset train = load_digits(digits);
  const Dataset test = load_digits(test_digits);
  const Standardization standard(train);
  const CachedTeacher teacher(load_npy<float>(taught().logits));
  Network<Small> expected(Rng(7).stream(2));
  Distiller distiller(teacher, expected,
                      SoftTargets{{.temperature = 3, .hard_weight = 0.25, .soft_weight = 0.75}});
  const FitReport report = distiller.fit(standard.apply(train), Adam{{.lr = 0.01}},
                                         {.epochs = 12,
                                          .batch_size = 50,
                                          .seed = 7,
                                          .schedule = CosineSchedule{},
                                          .validation = standard.apply(test),
                                          .patience = 3,
                                          .keep_best = true});
  fold_standardization(standard, expected);
  const auto student = loaded<Small>(file);
  // The program is compiled with other flags than this test.
  for (Index i = 0; i < expected.num_params(); ++i)
    REQUIRE(student.params().data[i] == Approx(expected.params().data[i]).margin(1e-3));

  // It takes samples as the files have them.
  CHECK(evaluate(student, test).accuracy ==
        Approx(report.best().validation->accuracy).margin(0.01));
  CHECK(evaluate(student, test).accuracy > 0.75);
  CHECK_THAT(out, StartsWith("Samples: 1,000 of 49 features from " + digits +
                             ", and 500 for validation from " + test_digits +
                             "\nTeacher: " + taught().logits + ", right in "));
  CHECK_THAT(out, ContainsSubstring("Student: 49-12-10, 12 epochs, batch 50, lr 0.01 falling as a "
                                    "cosine, seed 7,\n  temperature 3, hard weight 0.25, soft "
                                    "weight 0.75\n"));
  CHECK_THAT(out, ContainsSubstring("\nBest was epoch "));
  CHECK_THAT(out, EndsWith("\nSaved 730 parameters to " + file + "\n"));
  std::istringstream lines(folder.read("metrics.jsonl"));
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count)
    CHECK(nlohmann::json::parse(line)["validation"]["accuracy"].get<double>() ==
          Approx(report.epochs.at(count).validation->accuracy).margin(0.02));
  CHECK(count == report.epochs.size());
}

TEST_CASE("the same samples from files of every kind make the same student",
          "[distill_from_files]") {
  const TemporaryFolder folder;
  write_arrays(folder);
  const Dataset data = load_digits(digits);
  std::string bare;  // a table without names, the label last
  for (Index i = 0; i < data.size(); ++i) {
    for (Index j = 0; j < 49; ++j)
      bare += std::to_string(static_cast<int>(data.inputs()(j, i))) + ';';
    bare += std::to_string(data.labels().data[i]) + "\r\n";
    if (i == 199) break;
  }
  const std::string small = "--student 49-6-10 --epochs 1 ";
  const auto weights = [&](const std::string& arguments) {
    const TemporaryFolder to;
    printed(distill(small + arguments + flag("save", to.path("s.safetensors"))));
    return loaded<Sequential<Linear<49, 6>, ReLU, Linear<6, 10>>>(to.path("s.safetensors"));
  };
  const auto same = [](const auto& a, const auto& b) { return map(a.params()) == map(b.params()); };
  const auto csv = weights(on_digits);
  CHECK(same(csv,
             weights(flag("train", folder.path("x.npy")) + flag("labels", folder.path("y.npy")))));
  CHECK(same(csv, weights(flag("train", folder.path("xy.npz")))));
  folder.write("named.npz", npz_of({{"images", folder.read("x.npy")},
                                    {"digits", folder.read("y.npy")},
                                    {"y", folder.read("x.npy")}}));
  CHECK(same(csv, weights(flag("train", folder.path("named.npz")) + "--arrays images,digits ")));

  save_npy(data.slice(0, 200).inputs(), folder.path("x200.npy"));
  save_npy(data.slice(0, 200).labels(), folder.path("y200.npy"));
  folder.write("bare.csv", bare);
  CHECK(same(
      weights(flag("train", folder.path("x200.npy")) + flag("labels", folder.path("y200.npy"))),
      weights(flag("train", folder.path("bare.csv")) +
              "--header no --label-column 49 --separator semicolon ")));
}

TEST_CASE("a teacher in a file teaches what its logits do, whatever its layers are called",
          "[distill_from_files]") {
  const std::string small = on_digits + "--student 49-8-10 --epochs 2 --validation-share 0.1 ";
  const std::string by_logits = saved_by(small + flag("teacher-logits", taught().logits));
  CHECK(saved_by(small + flag("teacher", taught().network)) == by_logits);

  const TemporaryFolder folder;
  const auto teacher = loaded<Sequential<Linear<49, 40>, ReLU, Linear<40, 10>>>(taught().network);
  save(teacher, folder.path("named.safetensors"), {"module.fc2", "module.fc10"});
  CHECK(saved_by(small + flag("teacher", folder.path("named.safetensors"))) == by_logits);
  // As PyTorch's nn.Sequential with dropout counts.
  Network<Sequential<Linear<49, 40>, ReLU, Dropout, Linear<40, 10>>> other{Rng(0)};
  map(other.params()) = map(teacher.params());
  save(other, folder.path("dropout.safetensors"));
  CHECK(saved_by(small + flag("teacher", folder.path("dropout.safetensors"))) == by_logits);
  CHECK(saved_by(small) != by_logits);
}

TEST_CASE("the teacher's word is enough", "[distill_from_files]") {
  const TemporaryFolder folder;
  write_arrays(folder);
  const std::string file = folder.path("student.safetensors");
  const std::string out = printed(
      distill(flag("train", folder.path("x.npy")) + flag("teacher-logits", taught().logits) +
              "--student 49-16-10 --epochs 15 --standardize yes --validation-share 0.2 " +
              flag("save", file)));
  CHECK_THAT(out, ContainsSubstring("without labels"));
  CHECK_THAT(out, ContainsSubstring("hard weight 0, soft weight 1: the teacher's word is enough"));
  CHECK_THAT(out, ContainsSubstring("Validation is of what the teacher says"));
  const auto student = loaded<Sequential<Linear<49, 16>, ReLU, Linear<16, 10>>>(file);
  CHECK(evaluate(student, load_digits(test_digits)).accuracy > 0.7);

  // Samples for validation without labels are what a teacher at hand says.
  save_npy(load_digits(test_digits).inputs(), folder.path("test.npy"));
  CHECK_THAT(
      printed(distill(flag("train", folder.path("x.npy")) + flag("teacher", taught().network) +
                      flag("validation", folder.path("test.npy")) +
                      "--student 49-16-10 --epochs 1 " + flag("save", file))),
      ContainsSubstring("Validation is of what the teacher says"));
}

TEST_CASE("labels alone are enough, too, and it is said", "[distill_from_files]") {
  const TemporaryFolder folder;
  const std::string out =
      printed(distill(on_digits + "--student 49-10 --epochs 1 " + flag("save", folder.path("s"))));
  CHECK_THAT(out, ContainsSubstring("Teacher: none, the student learns from the labels alone\n"));
  CHECK(out.find("temperature") == std::string::npos);
}

TEST_CASE("seeds and threads do what they do everywhere", "[distill_from_files]") {
  const std::string small = on_digits + "--student 49-9-10 --epochs 2 --validation-share 0.25 " +
                            flag("teacher-logits", taught().logits);
  const std::string once = saved_by(small + "--seed 3 --threads 1");
  CHECK(saved_by(small + "--seed 3 --threads 2") == once);
  CHECK(saved_by(small + "--seed 4 --threads 1") != once);
}

TEST_CASE("the best epoch is kept, or the last", "[distill_from_files]") {
  const std::string steep = on_digits + "--student 49-30-10 --epochs 30 --lr 0.03 " +
                            "--standardize yes --validation-share 0.25 --keep ";
  CHECK(saved_by(steep + "best") != saved_by(steep + "last"));
}

TEST_CASE("networks of every depth come back", "[distill_from_files]") {
  const TemporaryFolder folder;
  const std::string file = folder.path("s.safetensors");
  for (const std::string sizes :
       {"49-10", "49-5-10", "49-5-6-10", "49-5-6-7-10", "49-5-6-7-8-10"}) {
    printed(distill(on_digits + flag("student", sizes) + "--epochs 1 " + flag("save", file)));
    CHECK_THAT(printed(predict(flag("network", file) + flag("inputs", test_digits) +
                               "--label-column digit " + flag("output", folder.path("y.csv")))),
               StartsWith("Network " + sizes + ": labels of 500 samples go to "));
  }
  CHECK(distill(on_digits + "--student 49-5-5-5-5-5-10 --save x").exit_code == 2);
}

TEST_CASE("predictions are the network's", "[predict]") {
  const TemporaryFolder folder;
  const auto network = loaded<Sequential<Linear<49, 40>, ReLU, Linear<40, 10>>>(taught().network);
  const Dataset test = load_digits(test_digits);
  const Matrix<float> logits = network.predict(test.inputs());
  const std::string all =
      flag("network", taught().network) + flag("inputs", test_digits) + "--label-column digit ";
  const auto close = [](const auto& a, const auto& b) {
    return a.rows() == b.rows() && a.cols() == b.cols() &&
           ((a - b).array().abs() < 1e-3F + 1e-3F * b.array().abs()).all();
  };
  printed(predict(all + "--as logits " + flag("output", folder.path("z.npy"))));
  CHECK(close(load_npy<float>(folder.path("z.npy")), logits));
  printed(predict(all + "--as logits " + flag("output", folder.path("z.csv"))));
  CHECK(load_csv(folder.path("z.csv")).data.inputs() == load_npy<float>(folder.path("z.npy")));
  CHECK(load_csv(folder.path("z.csv")).features[3] == "class 3");
  printed(
      predict(all + "--as probabilities --temperature 5 " + flag("output", folder.path("p.npy"))));
  CHECK(close(load_npy<float>(folder.path("p.npy")), softmax(logits, 5.0)));

  const std::string out = printed(predict(all + flag("output", folder.path("y.npy"))));
  const Labels said = load_npy_labels(folder.path("y.npy"));
  CHECK(said == classify(load_npy<float>(folder.path("z.npy"))));
  const auto right = (said.array() == map(test.labels()).array()).cast<int>().sum();
  CHECK_THAT(out, ContainsSubstring(
                      "Right, as the labels beside them say: " + std::to_string(right) + " ("));
}

TEST_CASE("names of classes and columns go with a network", "[predict]") {
  const TemporaryFolder folder;
  std::string flowers = "length,width,kind\n";
  std::string swapped = "width,length,kind\n";
  for (int i = 0; i < 60; ++i) {
    const std::string length = std::to_string(i % 3) + '.' + std::to_string(i % 7);
    const std::string width = std::to_string(2 - i % 3) + '.' + std::to_string(i % 5);
    const char* const names[] = {"\"rose, red\"", "tulip", "aster"};
    const std::string kind = names[i % 3];
    flowers += length + ',' + width + ',' + kind + '\n';
    swapped += width + ',' + length + ',' + kind + '\n';
  }
  folder.write("flowers.csv", flowers);
  folder.write("swapped.csv", swapped);
  const std::string file = folder.path("s.safetensors");
  printed(distill(flag("train", folder.path("flowers.csv")) + "--label-column kind " +
                  "--student 2-8-3 --epochs 100 --lr 0.02 --validation-share 0.2 " +
                  flag("save", file) + flag("report", folder.path("flowers.html"))));
  const std::string page = folder.read("flowers.html");
  CHECK_THAT(page, ContainsSubstring("A student of 2-8-3 learned from 48 samples of "));
  CHECK_THAT(page, ContainsSubstring("of 12 samples for validation</th><td>100.00 %</td>"));
  CHECK_THAT(page, ContainsSubstring("Loss of the student"));
  CHECK_THAT(page, ContainsSubstring("title=\"rose, red taken for rose, red: 4\""));
  const std::string all = flag("network", file) + "--label-column kind ";
  CHECK_THAT(printed(predict(all + flag("inputs", folder.path("flowers.csv")) +
                             flag("output", folder.path("y.csv")))),
             EndsWith("Right, as the labels beside them say: 60 (100.00 %)\n"));
  CHECK_THAT(folder.read("y.csv"), StartsWith("label\n\"rose, red\"\ntulip\naster\n\"rose, red\""));
  printed(predict(all + "--as probabilities " + flag("inputs", folder.path("flowers.csv")) +
                  flag("output", folder.path("p.csv"))));
  CHECK_THAT(folder.read("p.csv"), StartsWith("aster,\"rose, red\",tulip\n"));

  const Run refused = predict(all + flag("inputs", folder.path("swapped.csv")) +
                              flag("output", folder.path("y2.csv")));
  CHECK(refused.exit_code == 1);
  CHECK_THAT(refused.err, ContainsSubstring("expected the columns that the network was trained "
                                            "with, got width in the place of length"));
  CHECK_FALSE(std::filesystem::exists(folder.path("y2.csv")));
}

TEST_CASE("what is wrong with files and flags is said in one line, before any work",
          "[distill_from_files]") {
  const TemporaryFolder folder;
  write_arrays(folder);
  const std::string s = flag("save", folder.path("s"));
  const std::string arrays =
      flag("train", folder.path("x.npy")) + flag("labels", folder.path("y.npy"));
  save_npy(softmax(load_npy<float>(taught().logits)), folder.path("p.npy"));
  save_npy(load_npy<float>(taught().logits).transpose(), folder.path("transposed.npy"));
  Matrix<float> bad = load_npy<float>(taught().logits);
  bad(3, 17) = std::numeric_limits<float>::quiet_NaN();
  save_npy(bad, folder.path("bad.npy"));
  folder.write("numbers.csv", "1,2,0\n3,4,1\n");
  folder.write("mixed.csv", "1,2,rose\n3,4,tulip\n");
  folder.write("text.csv", "a,b\n1,x\n");
  folder.write("no.txtt", "1");
  folder.write("no.safetensors", "this is no network");
  save(Network<Sequential<Linear<49, 3>>>(Rng(0)), folder.path("three.safetensors"));
  const std::string x = folder.path("x.npy");
  struct Fault {
    std::string arguments;
    int exit_code;
    std::string text;
  };
  for (const Fault& fault : {
           Fault{s + "--student 49-10", 2, "--train: expected the file of samples to learn from"},
           Fault{on_digits + "--student 49-10", 2, "--save: expected the file that the student"},
           Fault{on_digits + s, 2, "--student: expected the sizes of the student"},
           Fault{on_digits + s + "--student 49", 2,
                 "--student: expected the sizes of a network with up to 4 hidden layers, such as "
                 "64-32-10, got 49"},
           Fault{on_digits + s + "--student 49--10", 2, "got 49--10"},
           Fault{on_digits + s + "--student 49-0-10", 2, "got 49-0-10"},
           Fault{on_digits + s + "--student 64-32-10", 2,
                 "--student: expected 49 features first, as a sample of " + digits +
                     " has, got 64-32-10"},
           Fault{on_digits + s + "--student 49-9", 1, "expected 0 to 8, got 9"},
           Fault{"--train no.csv --student 2-2 " + s, 1, "no.csv: No such file or directory"},
           Fault{flag("train", folder.path("no.txtt")) + "--student 1-2 " + s, 2,
                 "expected a file that ends with .npz, .npy or .csv"},
           Fault{flag("train", folder.path("numbers.csv")) + "--student 2-2 " + s, 2,
                 "all 3 cells of the first line could be numbers of a sample: say --header no"},
           Fault{flag("train", folder.path("mixed.csv")) + "--student 2-2 " + s, 2,
                 "2 cells of the first line could be numbers"},
           Fault{flag("train", folder.path("text.csv")) + "--student 2-2 " + s, 1,
                 "column \"b\": expected a finite number, got \"x\""},
           Fault{flag("train", digits) + "--label-column figure --student 49-10 " + s, 2,
                 "there is no column \"figure\""},
           Fault{flag("train", folder.path("numbers.csv")) +
                     "--header no --label-column kind --student 2-2 " + s,
                 2, "--label-column: expected a number from 0"},
           Fault{on_digits + flag("labels", folder.path("y.npy")) + "--student 49-10 " + s, 2,
                 "expected labels from --label-column or from "},
           Fault{flag("train", x) + "--student 49-10 " + s, 1,
                 "expected labels or a teacher to learn from, got neither"},
           Fault{flag("train", x) + flag("labels", x) + "--student 49-10 " + s, 1,
                 "expected one label a sample"},
           Fault{flag("train", folder.path("xy.npz")) + "--arrays images --student 49-10 " + s, 1,
                 "has no array \"images\"; it has x y"},
           Fault{flag("train", folder.path("xy.npz")) + "--arrays x,y,z --student 49-10 " + s, 2,
                 "--arrays: expected the names of inputs and labels, got 3 names"},
           Fault{arrays + "--student 49-10 --temperature 3 " + s, 2,
                 "--temperature: expected --teacher or --teacher-logits beside it, got none"},
           Fault{arrays + "--student 49-10 --patience 3 " + s, 2,
                 "--patience: expected --validation or --validation-share beside it"},
           Fault{arrays + "--student 49-10 --validation-share 0 " + s, 2,
                 "--validation-share: expected a number above 0"},
           Fault{arrays + "--student 49-10 --validation-share 0.0001 " + s, 2,
                 "leaves one part empty"},
           Fault{arrays + "--student 49-10 --validation-share 0.1 --validation x.npy " + s, 2,
                 "expected one validation"},
           Fault{arrays + "--student 49-10 " + flag("validation", x) + s, 1,
                 "expected labels to validate with, got none"},
           Fault{arrays + "--student 49-10 --hard-weight 1.5 " + s +
                     flag("teacher-logits", taught().logits),
                 2, "--hard-weight: expected at most 1"},
           Fault{flag("train", x) + "--student 49-10 --hard-weight 0.5 " + s +
                     flag("teacher-logits", taught().logits),
                 2, "--hard-weight: expected 0, as "},
           Fault{arrays + "--student 49-10 " + s + flag("teacher-logits", folder.path("p.npy")), 1,
                 "p.npy: expected logits, got what looks like probabilities"},
           Fault{arrays + "--student 49-10 " + s +
                     flag("teacher-logits", folder.path("transposed.npy")),
                 1, "got 10 of 1000: transposed?"},
           Fault{arrays + "--student 49-10 " + s + flag("teacher-logits", folder.path("bad.npy")),
                 1, "bad.npy: expected finite logits, got nan for sample 17"},
           Fault{arrays + "--student 49-10 " + s + flag("teacher-logits", x), 1,
                 "expected 1000 samples of 10 logits"},
           Fault{arrays + "--student 49-10 " + s + flag("teacher-logits", taught().logits) +
                     flag("teacher", taught().network),
                 2, "--teacher: expected one teacher"},
           Fault{arrays + "--student 49-10 " + s + flag("teacher", folder.path("no.safetensors")),
                 1, "no.safetensors: byte 0: "},
           Fault{
               arrays + "--student 49-10 " + s + flag("teacher", folder.path("three.safetensors")),
               1, "expected a teacher of 49 features and 10 classes, as the student has, got 49-3"},
       }) {
    INFO(fault.arguments);
    const Run run = distill(fault.arguments);
    CHECK(run.exit_code == fault.exit_code);
    CHECK_THAT(run.err, StartsWith("distill_from_files: ") && ContainsSubstring(fault.text));
    CHECK(is_one_line(run.err));
    CHECK(run.out.empty());
    CHECK_FALSE(std::filesystem::exists(folder.path("s")));
  }
}

TEST_CASE("what predict cannot do is said in one line", "[predict]") {
  const TemporaryFolder folder;
  const std::string y = flag("output", folder.path("y.csv"));
  const std::string network = flag("network", taught().network);
  folder.write("no.safetensors", "{}");
  save_npy(Matrix<float>::Zero(48, 3), folder.path("narrow.npy"));
  save(Network<Sequential<Linear<2, 2>, Linear<2, 2>, Linear<2, 2>, Linear<2, 2>, Linear<2, 2>,
                          Linear<2, 2>>>(Rng(0)),
       folder.path("deep.safetensors"));
  save_npy(Matrix<float>::Zero(2, 3), folder.path("two.npy"));
  struct Fault {
    std::string arguments;
    int exit_code;
    std::string text;
  };
  for (const Fault& fault : {
           Fault{y, 2, "--network: expected the file of a network, got nothing"},
           Fault{network + y, 2, "--inputs: expected the file of samples, got nothing"},
           Fault{network + flag("inputs", digits), 2, "--output: expected the file for what"},
           Fault{network + flag("inputs", digits) + flag("output", folder.path("y.txt")), 2,
                 "--output: expected a file that ends with .npy or .csv, got "},
           Fault{network + flag("inputs", digits) + "--temperature 2 " + y, 2,
                 "--temperature: expected --as probabilities beside it, got labels"},
           Fault{network + flag("inputs", digits) + y, 1,
                 "got digit in the place of row0_col0 (a column of labels is named by "
                 "--label-column)"},
           Fault{network + flag("inputs", folder.path("narrow.npy")) + y, 1,
                 "narrow.npy: expected 49 features a sample, as " + taught().network +
                     " takes, got 48"},
           Fault{flag("network", folder.path("no.safetensors")) + flag("inputs", digits) + y, 1,
                 "no.safetensors: byte "},
           Fault{flag("network", folder.path("deep.safetensors")) +
                     flag("inputs", folder.path("two.npy")) + y,
                 1, "expected at most 4 hidden layers, got 2-2-2-2-2-2-2"},
       }) {
    INFO(fault.arguments);
    const Run run = predict(fault.arguments);
    CHECK(run.exit_code == fault.exit_code);
    CHECK_THAT(run.err, StartsWith("predict: ") && ContainsSubstring(fault.text));
    CHECK(is_one_line(run.err));
    CHECK(run.out.empty());
    CHECK_FALSE(std::filesystem::exists(folder.path("y.csv")));
  }
}
