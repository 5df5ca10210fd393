// SPDX-License-Identifier: MIT
//
// Whether a runtime reads the files and gives the same logits: tests/python/read_onnx.py.
#include "kd/export/onnx.hpp"

#include <filesystem>

#include "kd/distill.hpp"
#include "kd/quant/quantization_aware.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"
#include "support/temporary_folder.hpp"

using namespace kd;
using kd::test::TemporaryFolder;
using protobuf::Message;

namespace {

std::string bytes(std::initializer_list<int> numbers) {
  std::string all;
  for (const int number : numbers) all += static_cast<char>(static_cast<unsigned char>(number));
  return all;
}

}  // namespace

TEST_CASE("messages are those of Protocol Buffers", "[export][onnx]") {
  // The first two are the examples of its documentation.
  CHECK(Message().add(1, Index{150}).bytes() == bytes({0x08, 0x96, 0x01}));
  CHECK(Message().add(2, std::string_view("testing")).bytes() == bytes({0x12, 7}) + "testing");
  CHECK(Message().add(3, Message().add(1, Index{150})).bytes() ==
        bytes({0x1a, 3, 0x08, 0x96, 0x01}));
  CHECK(Message().add(20, Index{7}).bytes() == bytes({0xa0, 0x01, 7}));
  CHECK(Message().add(1, Index{-1}).bytes() ==
        bytes({8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1}));
  CHECK(Message().add(2, 1.5F).bytes() == bytes({0x15, 0, 0, 0xc0, 0x3f}));
  CHECK(Message().add(1, Index{0}).add(1, Index{1}).bytes() == bytes({8, 0, 8, 1}));
}

TEST_CASE("a constant is its shape and its numbers, lowest byte first", "[export][onnx]") {
  onnx::Model model;
  model.constant("w", {2, 1}, std::vector<float>{1, -2});
  const std::string tensor = bytes({8, 2, 8, 1, 0x10, 1, 0x42, 1, 'w', 0x4a, 8}) +
                             bytes({0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0});
  CHECK_THAT(model.bytes({1}, {1}, ""),
             ContainsSubstring(bytes({0x2a, static_cast<int>(tensor.size())}) + tensor));
}

TEST_CASE("a model says what it is", "[export][onnx]") {
  const Network<Sequential<Image<1, 4, 4>, Conv2d<2, 3>, BatchNorm, ReLU, Linear<8, 3>>> network(
      Rng(1));
  const TemporaryFolder folder;
  export_onnx(network, folder.path("net.onnx"));
  const std::string file = folder.read("net.onnx");
  CHECK(file.substr(0, 2) == bytes({8, 7}));  // the version of the format
  for (const char* word :
       {"kd.architecture", "BatchNormalization", "0.weight", "1.running_var", "3.bias", "batch"}) {
    INFO(word);
    CHECK_THAT(file, ContainsSubstring(word));
  }
  const Dataset data(kd::test::random_matrix<float>(16, 20, 1));
  export_onnx(quantize(network, data), folder.path("net.onnx"));
  CHECK_THAT(folder.read("net.onnx"), ContainsSubstring("DequantizeLinear"));
  CHECK_THAT(folder.read("net.onnx"), ContainsSubstring("Conv2d(1, 2, kernel 3 x 3"));
}

TEST_CASE("what has fewer than 8 bits is cut off before it is rounded", "[export][onnx]") {
  const Network<Sequential<Linear<6, 5>, ReLU, Linear<5, 4>, Tanh, Linear<4, 3>>> network(Rng(1));
  const Dataset data(kd::test::random_matrix<float>(6, 20, 1));
  const TemporaryFolder folder;
  for (const int bits : {8, 7, 2}) {
    export_onnx(quantize(fake_quantize(network, data, {.activation_bits = bits})),
                folder.path("net.onnx"));
    const std::string file = folder.read("net.onnx");
    const std::string clip = bytes({0x22, 4}) + "Clip";  // a node's operator
    Index clips = 0;
    for (auto at = file.find(clip); at != std::string::npos; at = file.find(clip, at + 1)) ++clips;
    CHECK(clips == (bits < 8 ? 3 : 0));  // a ReLU's, a Linear's and a Tanh's; not inputs and logits
  }
}

TEST_CASE("a model that cannot be written leaves the old one", "[export][onnx][errors]") {
  Network<Sequential<Linear<3, 2>>> network(Rng(1));
  const TemporaryFolder folder;
  CHECK_THROWS_AS(export_onnx(network, folder.path("none/net.onnx")), IoError);
  folder.write("net.onnx", "old");
  network.layer<1>().bias()(0) = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_AS(export_onnx(network, folder.path("net.onnx")), DataError);
  const Network<Sequential<Linear<3, 2>>> taken = std::move(network);
  CHECK_THROWS_AS(export_onnx(network, folder.path("net.onnx")), ConfigError);
  CHECK(folder.read("net.onnx") == "old");
}
