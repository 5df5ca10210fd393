// SPDX-License-Identifier: MIT
#include "kd/export/c_source.hpp"

#include <nlohmann/json.hpp>

#include "kd/distill.hpp"
#include "support/c_program.hpp"
#include "support/catch.hpp"
#include "support/exported_networks.hpp"
#include "support/random_matrix.hpp"
#include "support/temporary_folder.hpp"

using namespace kd;
using kd::test::OfFeatures;
using kd::test::OfImages;
using kd::test::random_matrix;
using kd::test::TemporaryFolder;

namespace {

/// Exports the network, and compares what the C program says of samples with what kd says.
template <class Net>
void check_export(const std::string& flags, const std::string& compiler,
                  const std::string& runner = "") {
  INFO(compiler << flags);
  const Network<Net> network = kd::test::lively<Net>();
  const TemporaryFolder folder;
  export_c(network, folder.path("net"));
  const auto built = kd::test::build_c(folder, compiler, flags, "float");
  INFO(built.output);
  REQUIRE(built.status == 0);
  const Matrix<float> x = random_matrix<float>(network.in_features(), 20, 3, 2);
  std::string output;
  const Matrix<float> got = kd::test::run_c(folder, x, network.num_classes(), output, runner);
  INFO(output);
  REQUIRE(got.cols() == x.cols());
  const Matrix<float> expected = network.predict(x);
  CHECK((got - expected).cwiseAbs().maxCoeff() <
        1e-5F * std::max(1.F, expected.cwiseAbs().maxCoeff()));
  CHECK((expected.rowwise().maxCoeff() - expected.rowwise().minCoeff()).minCoeff() > 0.2F);
}

}  // namespace

TEST_CASE("every layer of features runs as C", "[export][c]") {
  for (const std::string& compiler : kd::test::c_compilers()) {
    check_export<OfFeatures>(kd::test::as_c + "-O2", compiler);
    check_export<OfFeatures>(kd::test::as_cpp, compiler);
  }
}

TEST_CASE("every layer of images runs as C", "[export][c]") {
  for (const std::string& compiler : kd::test::c_compilers()) {
    check_export<OfImages>(kd::test::as_c + "-O2", compiler);
    check_export<OfImages>(kd::test::as_cpp, compiler);
  }
}

TEST_CASE("exported C has no undefined behaviour, and stays in its memory", "[export][c]") {
  const std::string compiler = kd::test::c_compilers().at(0);
  const std::string checked = " -g -fsanitize=undefined,address -fno-sanitize-recover=all";
  check_export<OfFeatures>(kd::test::as_c + checked, compiler);
  check_export<OfImages>(kd::test::as_c + checked, compiler);
}

TEST_CASE("exported C runs on a 32-bit ARM", "[export][c]") {
  if (std::string(KD_ARM_RUNNER).empty()) return;  // CMake says so
  check_export<OfImages>(kd::test::as_c + "-O2 -static", KD_ARM_COMPILER, KD_ARM_RUNNER);
}

TEST_CASE("exported C takes nothing but mathematics from elsewhere", "[export][c]") {
  const TemporaryFolder folder;
  export_c(Network<OfFeatures>(Rng(1)), folder.path("net"));
  const std::string compile = kd::test::c_compilers().at(0) + kd::test::as_c + "-c net.c";
  REQUIRE(kd::test::run_in(folder, compile).status == 0);
  for (const std::string& symbol : kd::test::foreign_symbols(folder)) {
    INFO(symbol);
    CHECK((symbol == "memcpy" || symbol == "memset" || symbol == "sqrtf" || symbol == "expf" ||
           symbol == "tanhf" || symbol == "erfcf"));
  }
  export_c(Network<Sequential<Linear<3, 2>, ReLU, Linear<2, 2>>>(Rng(1)), folder.path("net"));
  REQUIRE(kd::test::run_in(folder, compile).status == 0);
  CHECK(kd::test::foreign_symbols(folder).empty());
  CHECK(folder.read("net.c").find("math.h") == std::string::npos);
}

TEST_CASE("the header tells sizes, the arena is no larger than it must be", "[export][c]") {
  using Student = Sequential<Linear<784, 20>, ReLU, Linear<20, 20>, ReLU, Linear<20, 10>>;
  const TemporaryFolder folder;
  export_c(Network<Student>(Rng(1)), folder.path("student"));
  const std::string header = folder.read("student.h");
  CHECK_THAT(header, ContainsSubstring("#define STUDENT_INPUTS 784\n#define STUDENT_OUTPUTS 10\n"
                                       "#define STUDENT_ARENA_BYTES 160\n"
                                       "#define STUDENT_CONSTANT_BYTES 65320\n"
                                       "#define STUDENT_MULTIPLICATIONS 16280\n"));
  CHECK_THAT(folder.read("student.c"),
             ContainsSubstring("  /* 3: Linear(20, 20) */\n"
                               "  linear(a, a + 20, layer3_weight, layer3_bias, 20, 20);\n"));
  const auto json = nlohmann::json::parse(folder.read("student.json"));
  CHECK(json["arena_bytes"] == 160);
  CHECK(json["ram_bytes"] == 160 + 794 * 4);
  CHECK(json["layers"].size() == 5);
  CHECK(json["layers"][0]["layer"] == "Linear(784, 20)");
  CHECK_FALSE(json.contains("accuracy"));
  export_c(Network<Sequential<Linear<3, 2>>>(Rng(1)), folder.path("lone"));
  CHECK_THAT(folder.read("lone.h"), ContainsSubstring("LONE_ARENA_BYTES 0\n"));
}

TEST_CASE("with a test set, the files say how good the network is", "[export][c]") {
  const Matrix<float> x = random_matrix<float>(3, 40, 1);
  const Dataset test(x, kd::test::random_labels(40, 2, 5));
  const Network<Sequential<Linear<3, 4>, ReLU, Linear<4, 2>>> network(Rng(1));
  const TemporaryFolder folder;
  export_c(network, folder.path("net"), {.test = test});
  const double accuracy = evaluate(network, test).accuracy;
  const auto json = nlohmann::json::parse(folder.read("net.json"));
  CHECK(json["accuracy"] == accuracy);
  CHECK(json["samples"] == 40);
  CHECK_THAT(folder.read("net.h"),
             ContainsSubstring("Right on " + c_source::percent(accuracy) + " of 40 samples.\n"));
  CHECK_THAT(folder.read("net.c"), ContainsSubstring(c_source::literal(x(2, 0)) + ", " +
                                                     c_source::literal(x(0, 1)) + ','));
}

TEST_CASE("weights in a file of their own", "[export][c]") {
  const Network<Sequential<Linear<3, 4>, ReLU, Linear<4, 2>>> network(Rng(1));
  const TemporaryFolder folder;
  export_c(network, folder.path("net"), {.separate_weights = true});
  CHECK(folder.read("net.c").find("layer1_weight[") == std::string::npos);
  CHECK_THAT(folder.read("net_weights.h"),
             ContainsSubstring("static const NET_ROM float layer1_weight[12] = {\n"));
  const std::string rom = " -DNET_ROM='__attribute__((aligned(16)))' ";
  REQUIRE(kd::test::build_c(folder, kd::test::c_compilers().at(0), kd::test::as_c + rom, "float")
              .status == 0);
  std::string output;
  const Matrix<float> x = random_matrix<float>(3, 4, 3);
  CHECK(kd::test::run_c(folder, x, 2, output).isApprox(network.predict(x), 1e-6F));
}

TEST_CASE("the self test finds a number that was changed", "[export][c]") {
  const Network<Sequential<Linear<3, 4>, ReLU, Linear<4, 2>>> network(Rng(1));
  const TemporaryFolder folder;
  export_c(network, folder.path("net"));
  std::string source = folder.read("net.c");
  const std::size_t bias = source.find("layer3_bias[2] = {\n  ") + 21;
  source.replace(bias, source.find(',', bias) - bias, "0.75f");
  folder.write("net.c", source);
  REQUIRE(
      kd::test::build_c(folder, kd::test::c_compilers().at(0), kd::test::as_c, "float").status ==
      0);
  std::string output;
  CHECK(kd::test::run_c(folder, random_matrix<float>(3, 4, 3), 2, output).size() == 0);
  CHECK(output == "self test: 1\n");
}

TEST_CASE("a name that C does not take, and a folder that is not there", "[export][c][errors]") {
  const Network<Sequential<Linear<3, 2>>> network(Rng(1));
  const TemporaryFolder folder;
  for (const char* name : {"", "a/", "2nd", "my-net", "net.c", "gr\xc3\xb6\xc3\x9f"}) {
    INFO(name);
    CHECK_THROWS_AS(export_c(network, folder.path(name)), ConfigError);
  }
  CHECK_THROWS_AS(export_c(network, folder.path("none/net")), IoError);
  // All or nothing: where one of the files cannot be written, none is.
  std::filesystem::create_directory(folder.path("net.json"));
  folder.write("net.h", "old");
  CHECK_THROWS_AS(export_c(network, folder.path("net")), IoError);
  CHECK(folder.read("net.h") == "old");
  CHECK_FALSE(std::filesystem::exists(folder.path("net.c")));
}
