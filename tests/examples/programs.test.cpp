// SPDX-License-Identifier: MIT
//
// What all programs have in common: flags, exit status, output files.

#include <sys/stat.h>

#include <filesystem>
#include <kd/distill.hpp>
#include <kd/io.hpp>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "examples/run_program.hpp"
#include "support/idx.hpp"

using namespace kd::test;
namespace fs = std::filesystem;

namespace {

struct Program {
  std::string name;
  std::string path;
  std::string small;  ///< arguments for a run of a moment
  std::vector<std::string> outputs;
  std::string needed;  ///< the output that it does not run without, if there is one
  std::size_t flags;   ///< how many the help tells of
  int numbers;         ///< and how many of them take a number
};

const std::string sample = std::string("--data '") + KD_SAMPLE_DIR + "' ";
const std::string table = std::string(KD_SAMPLE_DIR) + "/digits_test.csv' --label-column digit ";

/// What the programs are given to read.
struct Given {
  TemporaryFolder folder;
  std::string network = folder.path("given.safetensors");
  Given() { kd::save(kd::Network<kd::Sequential<kd::Linear<49, 10>>>(kd::Rng(1)), network); }
};
const Given given;

const std::vector<Program> programs{
    {"mnist_distill",
     KD_MNIST_DISTILL,
     sample + "--train-limit 100 --test-limit 10 --teacher-epochs 1 --epochs 1 ",
     {"--json", "--report", "--save", "--save-teacher"},
     "",
     30,
     17},
    {"compare_methods",
     KD_COMPARE_METHODS,
     sample +
         "--train-limit 100 --test-limit 10 --teacher-epochs 1 --epochs 1 --batch 50 --seeds 1 "
         "--methods alone --students 784-20-20-10 ",
     {"--json", "--report", "--svg"},
     "",
     18,
     10},
    {"image_distill",
     KD_IMAGE_DISTILL,
     sample + "--train-limit 100 --test-limit 10 --teacher-epochs 1 --epochs 1 --seeds 1 ",
     {"--json", "--report", "--save", "--save-teacher"},
     "",
     24,
     13},
    {"distill_from_files",
     KD_DISTILL_FROM_FILES,
     "--student 49-4-10 --epochs 1 --train '" + table,
     {"--save", "--report"},
     "--save",
     29,
     9},
    {"predict",
     KD_PREDICT,
     "--network '" + given.network + "' --inputs '" + table,
     {"--output"},
     "--output",
     11,
     2}};

/// Those that read MNIST.
const std::vector<Program> mnist_programs(programs.begin(), programs.begin() + 3);

/// Arguments for a run of a moment, with the output that the program needs.
std::string whole(const Program& program) {
  if (program.needed.empty()) return program.small;
  return program.small + program.needed + " '" + given.folder.path("needed.npy") + "' ";
}

/// The same for a run that writes to `flag`, too.
std::string whole_beside(const Program& program, const std::string& flag) {
  return flag == program.needed ? program.small : whole(program);
}

Run run(const Program& program, const std::string& arguments) {
  // Whoever waits for a pipe fails instead.
  return run_shell("timeout 60 '" + program.path + "' " + arguments);
}

struct Flag {
  std::string name;
  std::string placeholder;
};

/// The flags that the help tells of, all but --help.
std::vector<Flag> flags_of(const Program& program) {
  std::istringstream help(run(program, "--help").out);
  std::vector<Flag> flags;
  for (std::string text; std::getline(help, text);) {
    std::istringstream words(text);
    Flag flag;
    words >> flag.name >> flag.placeholder;
    if (text.rfind("  --", 0) != 0) continue;
    flag.placeholder = flag.placeholder.substr(0, flag.placeholder.find('='));
    flags.push_back(flag);
  }
  return flags;
}

/// The program refuses the arguments in one line, before any work.
void check_refused(const Program& program, const std::string& arguments, const std::string& what) {
  const Run refused = run(program, arguments);
  INFO(program.name << ' ' << arguments);
  CHECK(refused.exit_code == 2);
  CHECK(refused.out.empty());
  CHECK(is_one_line(refused.err));
  CHECK(refused.err.size() < 200);
  CHECK_THAT(refused.err, StartsWith(program.name + ": ") && ContainsSubstring(what));
}

}  // namespace

TEST_CASE("no flag takes an empty value, or another flag for its value", "[programs]") {
  for (const Program& program : programs) {
    const std::vector<Flag> flags = flags_of(program);
    CHECK(flags.size() == program.flags);
    for (const Flag& flag : flags) {
      const std::string expected = flag.name + ": expected ";
      for (const std::string& arguments :
           {flag.name + " ''", flag.name + "=", flag.name + "= --threads 3", flag.name,
            flag.name + " --threads 1"})
        check_refused(program, arguments, expected);
    }
  }
}

TEST_CASE("no flag takes what is no number of its range", "[programs]") {
  for (const Program& program : programs) {
    int numbers = 0;
    for (const auto& [flag, placeholder] : flags_of(program)) {
      if (placeholder != "N" && placeholder != "X") continue;
      ++numbers;
      const std::string words = placeholder == "N" ? "a whole number from " : "a number ";
      for (const char* bad : {" ", "1x", "0x10", "1e400", "nan", "-0", "-1",
                              "99999999999999999999999999999999999999999"})
        check_refused(program, flag + " '" + bad + "'", flag + ": expected " + words);
      check_refused(program, flag + " 1 " + flag + " 1", flag + ": expected ");
    }
    CHECK(numbers == program.numbers);
  }
}

TEST_CASE("what else is wrong with flags is said, too", "[programs]") {
  for (const Program& program : programs) {
    check_refused(program, "--threads 1 --threads 1", "--threads: expected once, got 2 times");
    check_refused(program, "--no-such-flag 3", "there is no flag --no-such-flag");
    check_refused(program, "-x", "there is no flag -x");
    check_refused(program, "one", "expected a flag, got one");
    check_refused(program, "-- one", "expected a flag, got one");
    CHECK(run(program, whole(program) + "--").exit_code == 0);
    check_refused(program, "''", "expected a flag, got nothing");
    check_refused(program, "--threads 'a\nb'", "got \"a\\x0ab\"");
  }
}

TEST_CASE("numbers are decimal, with zeros in front or not", "[programs]") {
  const TemporaryFolder folder;
  const std::string to = "--json '" + folder.path("x.json") + "' ";
  REQUIRE(run(programs[0], programs[0].small + to + "--seed 010 --threads 01").exit_code == 0);
  const auto json = nlohmann::json::parse(folder.read("x.json"));
  CHECK(json["seed"] == 10);
  CHECK(json["threads"] == 1);
}

TEST_CASE("help says the exit status", "[programs]") {
  for (const Program& program : programs) {
    const Run help = run(program, "--help");
    CHECK(help.exit_code == 0);
    CHECK(help.err.empty());
    CHECK_THAT(help.out, EndsWith("off, 2 wrong flags, 130 stopped by Ctrl-C, 143 by SIGTERM.\n"));
  }
}

TEST_CASE("what standard output does not take is an error", "[programs]") {
  const TemporaryFolder folder;
  for (const Program& program : programs) {
    const std::string error = program.name + ": standard output: cannot be written";
    for (const std::string& arguments : {std::string("--help"), whole(program)}) {
      const Run full = run(program, arguments + " > /dev/full");
      CHECK(full.exit_code == 1);
      CHECK(full.err == error + ": No space left on device\n");
      const Run closed = run(program, arguments + " >&-");
      CHECK(closed.exit_code == 1);
      CHECK(closed.err == error + ": Bad file descriptor\n");
    }
    // Nothing that is printed lands in a file that is opened instead.
    const std::string to = program.outputs[0] + " '" + folder.path("x.npy") + "' ";
    CHECK(run(program, program.small + to + " >&- 2>&- <&-").exit_code == 1);
    CHECK_FALSE(fs::exists(folder.path("x.npy")));
    CHECK(run(program, program.small + to + " 2>&- <&-").exit_code == 0);
    const std::string written = folder.read("x.npy");
    CHECK(written.size() > 100);
    for (const char* printed :
         {"MNIST: ", "Images: ", "Samples: ", "Network ", program.name.c_str()})
      CHECK(written.find(printed) == std::string::npos);
    fs::remove(folder.path("x.npy"));
  }
}

TEST_CASE("an output that cannot be written is refused before any work", "[programs]") {
  const TemporaryFolder folder;
  REQUIRE(mkfifo(folder.path("pipe").c_str(), 0600) == 0);
  fs::permissions(folder.write("read-only", "old"), fs::perms::owner_read);
  struct Fault {
    std::string path;
    std::string text;
  };
  for (const Program& program : programs)
    for (const std::string& flag : program.outputs)
      for (const Fault& fault :
           {Fault{folder.path("pipe"), "got a pipe (FIFO)"}, Fault{folder.path(), "got a folder"},
            Fault{"/dev/full", "got a device"}, Fault{"/dev/null", "got a device"},
            Fault{"/dev/stdin", "got a "}, Fault{folder.path("read-only"), "is read-only"},
            Fault{folder.path("no/such/folder"), "No such file or directory"}}) {
        const Run refused =
            run(program, whole_beside(program, flag) + flag + " '" + fault.path + "' < /dev/null");
        CHECK(refused.exit_code == 1);
        CHECK(refused.out.empty());
        CHECK(is_one_line(refused.err));
        CHECK_THAT(refused.err, StartsWith(program.name + ": " + fault.path + ": ") &&
                                    ContainsSubstring(fault.text));
      }
  CHECK(folder.read("read-only") == "old");
}

TEST_CASE("an output that is one of the images is refused before any work", "[programs]") {
  const TemporaryFolder folder;
  for (const auto& entry : fs::directory_iterator(KD_SAMPLE_DIR))
    if (entry.path().extension() == ".gz") fs::copy(entry.path(), folder.path());
  const std::string labels = "train-labels-idx1-ubyte.gz";
  const std::string before = folder.read(labels);
  fs::create_symlink(labels, folder.path("link"));
  for (const Program& program : programs)
    for (const std::string& flag : program.outputs)
      for (const std::string& name : {labels, std::string("link")}) {
        if (!StartsWith(sample).match(program.small)) continue;  // it reads other files
        const Run refused =
            run(program, "--train-limit 100 --test-limit 10 --data '" + folder.path() + "' " +
                             flag + " '" + folder.path(name) + "'");
        CHECK(refused.exit_code == 2);
        CHECK(refused.out.empty());
        CHECK(refused.err == program.name + ": " + flag + ": expected a file of its own, got " +
                                 folder.path(labels) + ", which is read for --data\n");
      }
  CHECK(folder.read(labels) == before);
}

TEST_CASE("an output that is a file of samples is refused before any work", "[programs]") {
  const TemporaryFolder folder;
  fs::copy(KD_SAMPLE_DIR "/digits_test.csv", folder.path("x.csv"));
  const std::string before = folder.read("x.csv");
  const std::string x = folder.path("x.csv");
  const auto check = [&](const std::string& name, const std::string& flags,
                         const std::string& output, const std::string& input) {
    const auto program = std::find_if(programs.begin(), programs.end(),
                                      [&](const Program& each) { return each.name == name; });
    REQUIRE(program != programs.end());
    const Run refused = run(*program, flags + " --label-column digit");
    CHECK(refused.exit_code == 2);
    CHECK(refused.err == name + ": " + output + ": expected a file of its own, got " + x +
                             ", which is read for " + input + "\n");
  };
  check("distill_from_files", "--train '" + x + "' --student 49-8-10 --save '" + x + "'", "--save",
        "--train");
  check("predict", "--network no --inputs '" + x + "' --output '" + x + "'", "--output",
        "--inputs");
  CHECK(folder.read("x.csv") == before);
}

TEST_CASE("two outputs into one file are refused before any work", "[programs]") {
  const TemporaryFolder folder;
  const Program& program = programs[1];
  fs::create_directory(folder.path("sub"));
  fs::create_directory_symlink("sub", folder.path("link"));
  fs::create_symlink("sub/x", folder.path("to_x"));
  fs::create_hard_link(folder.write("old", "old"), folder.path("hard"));
  const std::vector<std::pair<std::string, std::string>> pairs{{"x", "x"},
                                                               {"sub/x", "link/x"},
                                                               {"sub/x", "sub/./../sub//x"},
                                                               {"sub/x", "to_x"},
                                                               {"old", "hard"}};
  const auto both = [&](const std::string& json, const std::string& svg) {
    return "--json '" + folder.path(json) + "' --svg '" + folder.path(svg) + "' ";
  };
  for (const auto& [json, svg] : pairs) {
    const Run refused = run(program, program.small + both(json, svg));
    CHECK(refused.exit_code == 2);
    CHECK(refused.out.empty());
    CHECK(refused.err == "compare_methods: --svg: expected a file of its own, got " +
                             folder.path(svg) + ", which is that of --json\n");
  }
  CHECK(folder.read("old") == "old");
  CHECK_FALSE(fs::exists(folder.path("sub/x")));
  REQUIRE(run(program, program.small + both("sub/x", "x")).exit_code == 0);
  CHECK(nlohmann::json::parse(folder.read("sub/x")).size() == 3);
  CHECK_THAT(folder.read("x"), StartsWith("<svg"));
}

TEST_CASE("test images of another size are refused before anything is trained", "[programs]") {
  const TemporaryFolder folder;
  folder.write("train-images-idx3-ubyte", idx_header(0x803, {10, 28, 28}) + counting_bytes(7840));
  folder.write("train-labels-idx1-ubyte", idx_labels(10));
  folder.write("t10k-images-idx3-ubyte", idx_images(10));
  folder.write("t10k-labels-idx1-ubyte", idx_labels(10));
  for (const Program& program : mnist_programs) {
    const Run refused = run(program, "--data '" + folder.path() + "'");
    CHECK(refused.exit_code != 0);
    CHECK(refused.out.empty());
    CHECK_THAT(refused.err, ContainsSubstring(
                                "test set: expected 784 features a sample, as in training, got 6"));
  }
}

TEST_CASE("an output into the file that standard output goes to is refused", "[programs]") {
  const TemporaryFolder folder;
  const std::string file = "'" + folder.path("x.npy") + "' ";
  for (const Program& program : programs)
    for (const std::string& flag : program.outputs) {
      const Run refused =
          run(program, whole_beside(program, flag) + flag + ' ' + file + "> " + file);
      CHECK(refused.exit_code == 2);
      CHECK_THAT(refused.err, EndsWith("which is that of standard output\n"));
      const Run errors =
          run(program, whole_beside(program, flag) + flag + ' ' + file + "2> " + file);
      CHECK(errors.exit_code == 2);
      CHECK_THAT(folder.read("x.npy"), EndsWith("which is that of standard error\n"));
    }
}

TEST_CASE("results that find no room leave the old ones", "[programs]") {
  const TemporaryFolder folder;
  const std::string path = folder.write("x.npy", "old");
  folder.write("x.npy.part", "mine");
  for (const Program& program : programs)
    for (const std::string& flag : program.outputs) {
      const std::string beside = whole_beside(program, flag);
      // The limit is one of files, and standard output is a pipe here. The first to fail is named.
      const Run full = run_shell("( ulimit -f 0; '" + program.path + "' " + beside + flag + " '" +
                                 path + "' 2>&1; echo status $? ) | cat");
      const std::string first = beside == program.small ? path : given.folder.path("needed.npy");
      CHECK_THAT(full.out, EndsWith(program.name + ": " + first +
                                    ": cannot be written: File too large\nstatus 1\n"));
      CHECK(folder.read("x.npy") == "old");
      CHECK(run(program, beside + flag + " '" + path + "'").exit_code == 0);
      CHECK(folder.read("x.npy").size() > 100);
      CHECK(folder.read("x.npy.part") == "mine");
      CHECK(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()) == 2);
      folder.write("x.npy", "old");
    }
}

TEST_CASE("one output is written even if another cannot be", "[programs]") {
  const TemporaryFolder folder;
  fs::create_directory(folder.path("sub"));
  const Program& program = programs[1];
  // The folder of the first goes away while the program trains.
  const Run run = run_shell("'" + program.path + "' " + program.small + "--json '" +
                            folder.path("sub/x") + "' --svg '" + folder.path("x.svg") +
                            "' | { read line; rmdir '" + folder.path("sub") + "'; cat; }");
  CHECK_THAT(run.err, ContainsSubstring("sub/x: cannot be written"));
  CHECK_THAT(folder.read("x.svg"), StartsWith("<svg"));
}
