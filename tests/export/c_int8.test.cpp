// SPDX-License-Identifier: MIT
#include "kd/export/c_int8.hpp"

#include <nlohmann/json.hpp>

#include "kd/distill.hpp"
#include "kd/quant/quantization_aware.hpp"
#include "support/c_program.hpp"
#include "support/catch.hpp"
#include "support/exported_networks.hpp"
#include "support/golden.hpp"
#include "support/integer_network.hpp"
#include "support/random_matrix.hpp"
#include "support/temporary_folder.hpp"

using namespace kd;
using kd::test::OfFeatures;
using kd::test::OfImages;
using kd::test::random_matrix;
using kd::test::TemporaryFolder;

namespace {

template <class Net>
struct Made {
  Network<Net> network = kd::test::lively<Net>();
  Dataset samples() const {
    return Dataset(random_matrix<float>(network.in_features(), 100, 4, 2));
  }
  QuantizedNetwork quantized() const { return quantize(network, samples()); }
};

/// Integers of every size.
Matrix<std::int8_t> integers(Index rows, Index cols) {
  return (random_matrix<float>(rows, cols, 3, 128).array().floor()).matrix().cast<std::int8_t>();
}

/// Exports a network, and compares what the C program says with what kd says, bit for bit. Returns
/// within how many integers each logit lies.
Vector<int> check_export(const QuantizedNetwork& network, const std::string& flags,
                         const std::string& compiler, const std::string& runner = "") {
  INFO(compiler << flags);
  const TemporaryFolder folder;
  export_c(network, folder.path("net"));
  const auto built = kd::test::build_c(folder, compiler, flags, "int8_t");
  INFO(built.output);
  REQUIRE(built.status == 0);
  const Matrix<std::int8_t> x = integers(network.in_features(), 200);
  std::string output;
  const Matrix<std::int8_t> got = kd::test::run_c(folder, x, network.num_classes(), output, runner);
  INFO(output);
  REQUIRE(got.cols() == x.cols());
  const Matrix<std::int8_t> expected = network.run(x);
  CHECK(got == expected);
  const Matrix<int> said = expected.cast<int>();
  return said.rowwise().maxCoeff() - said.rowwise().minCoeff();
}
template <class Net>
void check_export(const std::string& flags, const std::string& compiler,
                  const std::string& runner = "") {
  CHECK(check_export(Made<Net>().quantized(), flags, compiler, runner).minCoeff() > 10);
}

}  // namespace

TEST_CASE("integers in C are those of kd, bit for bit", "[export][c][int8]") {
  for (const std::string& compiler : kd::test::c_compilers()) {
    check_export<OfFeatures>(kd::test::as_c + "-O2", compiler);
    check_export<OfImages>(kd::test::as_c + "-O3", compiler);
    check_export<OfFeatures>(kd::test::as_cpp, compiler);
    check_export<OfImages>(kd::test::as_cpp, compiler);
  }
}

TEMPLATE_TEST_CASE("fewer bits in C are those of kd, too, and no tensor uses more",
                   "[export][c][int8]", OfFeatures, OfImages) {
  const Made<TestType> made;
  for (int bits = 2; bits < 8; ++bits)
    for (const bool learned : {false, true}) {
      INFO(bits << " bits, learned: " << learned);
      const QuantizedNetwork network = quantize(fake_quantize(made.network, made.samples(),
                                                              {.weight_bits = bits,
                                                               .activation_bits = bits,
                                                               .outer_weight_bits = bits,
                                                               .learned_scales = learned}));
      const std::string compiler = kd::test::c_compilers().at(0);
      CHECK(check_export(network, kd::test::as_c + "-O1", compiler).maxCoeff() > 10);
      const Matrix<std::int8_t> x = network.quantize_inputs(made.samples().inputs());
      const auto layers = static_cast<Index>(network.nodes().size());
      for (Index i = 1; i < layers; ++i) {
        const auto first = network.nodes().begin();
        const Matrix<int> y = QuantizedNetwork(network.input_shape(), network.takes_image(),
                                               network.input_quantization(), {first, first + i})
                                  .run(x)
                                  .template cast<int>();
        CHECK(y.minCoeff() >= quant::lowest_of(bits));
        CHECK(y.maxCoeff() <= quant::highest_of(bits));
      }
    }
}

TEST_CASE("C gives the integers of TensorFlow Lite Micro", "[export][c][int8][golden]") {
  const QuantizedNetwork network = kd::test::integer_network();
  const TemporaryFolder folder;
  export_c(network, folder.path("net"));
  const std::string compiler = kd::test::c_compilers().at(0);
  REQUIRE(kd::test::build_c(folder, compiler, kd::test::as_c, "int8_t").status == 0);
  std::string output;
  const Matrix<std::int8_t> x = kd::test::integer_samples(network.in_features(), 64);
  CHECK(kd::test::run_c(folder, x, 7, output) ==
        kd::test::golden<std::int8_t>("tflite_micro/integers"));
}

TEST_CASE("C of integers has no undefined behaviour, and stays in its memory",
          "[export][c][int8]") {
  const std::string compiler = kd::test::c_compilers().at(0);
  const std::string checked = " -g -fsanitize=undefined,address -fno-sanitize-recover=all";
  check_export<OfFeatures>(kd::test::as_c + checked, compiler);
  check_export<OfImages>(kd::test::as_c + checked, compiler);
}

TEST_CASE("integers on a 32-bit ARM are the same", "[export][c][int8]") {
  if (std::string(KD_ARM_RUNNER).empty()) return;  // CMake says so
  check_export<OfFeatures>(kd::test::as_c + "-O2 -static", KD_ARM_COMPILER, KD_ARM_RUNNER);
  check_export<OfImages>(kd::test::as_c + "-O2 -static", KD_ARM_COMPILER, KD_ARM_RUNNER);
}

TEST_CASE("C of integers needs nothing from elsewhere and no float", "[export][c][int8]") {
  const TemporaryFolder folder;
  export_c(Made<OfFeatures>().quantized(), folder.path("net"));
  const std::string compile = kd::test::c_compilers().at(0) + kd::test::as_c + "-O2 -c net.c";
  REQUIRE(kd::test::run_in(folder, compile).status == 0);
  for (const std::string& symbol : kd::test::foreign_symbols(folder)) {
    INFO(symbol);
    CHECK((symbol == "memcpy" || symbol == "memset"));
  }
  const std::string source = folder.read("net.c");
  for (const char* word : {"float", "double", "math.h", "malloc", "stdio"}) {
    INFO(word);
    CHECK(source.find(word) == std::string::npos);
  }
}

TEST_CASE("the article's student fits 24 kB of flash and 2 kB of memory", "[export][c][int8]") {
  using Student = Sequential<Linear<784, 20>, ReLU, Linear<20, 20>, ReLU, Linear<20, 10>>;
  const Network<Student> student(Rng(1));
  const Matrix<std::uint8_t> bytes = (random_matrix<float>(784, 50, 1, 128).array() + 128)
                                         .matrix()
                                         .cwiseMin(255)
                                         .cast<std::uint8_t>();
  Matrix<std::uint8_t> pixels = bytes;
  pixels(0, 0) = 0;
  pixels(1, 0) = 255;
  const Dataset test(pixels, kd::test::random_labels(50, 10, 2));
  const QuantizedNetwork small = quantize(student, test);
  const TemporaryFolder folder;
  export_c(small, student, folder.path("student"), {.test = test});
  const std::string header = folder.read("student.h");
  CHECK_THAT(header, ContainsSubstring("#define STUDENT_ARENA_BYTES 40\n"));
  CHECK_THAT(header, ContainsSubstring("#define STUDENT_CONSTANT_BYTES 16730\n"));
  CHECK_THAT(header, ContainsSubstring("#define STUDENT_INPUT_ZERO_POINT (-128)\n"));
  CHECK_THAT(header, ContainsSubstring("#define STUDENT_OF_BYTE(byte) ((int8_t)((byte) - 128))\n"));
  const QuantizationReport report = compare(small, student, test);
  const auto json = nlohmann::json::parse(folder.read("student.json"));
  CHECK(json["type"] == "int8");
  CHECK(json["ram_bytes"] == 834);
  CHECK(json["accuracy"] == report.accuracy);
  CHECK(json["float_accuracy"] == report.float_accuracy);
  CHECK(json["largest_logit_difference"] == report.largest_difference);
  CHECK_THAT(header, ContainsSubstring(" in int8, on " + c_source::percent(report.float_accuracy) +
                                       " in float.\n"));
}

TEST_CASE("bytes have no short cut where the input is another", "[export][c][int8]") {
  const TemporaryFolder folder;
  export_c(Made<OfFeatures>().quantized(), folder.path("net"));
  CHECK(folder.read("net.h").find("OF_BYTE") == std::string::npos);
}
