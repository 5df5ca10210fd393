// SPDX-License-Identifier: MIT
//
// Networks in safetensors files, whatever their layers are called.

#include "stored_network.hpp"

#include <kd/distill.hpp>
#include <kd/io.hpp>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace example;

namespace {

using Net = kd::Sequential<kd::Linear<4, 5>, kd::ReLU, kd::Linear<5, 6>, kd::Linear<6, 2>>;

std::string complaint(const std::string& path) {
  try {
    const StoredNetwork network(path);
  } catch (const kd::ShapeError& error) {
    return error.what();
  }
  return "";
}

/// Writes a file of tensors, zeros of these shapes.
std::string write(const kd::test::TemporaryFolder& folder,
                  const std::map<std::string, std::vector<std::uint64_t>>& shapes,
                  const std::string& architecture = "") {
  static const std::vector<float> zeros(1000);
  kd::Safetensors content;
  for (const auto& [name, shape] : shapes) {
    std::size_t size = 1;
    for (const std::uint64_t extent : shape) size *= static_cast<std::size_t>(extent);
    content.tensors[name] = {kd::NumberType::f32, shape,
                             std::as_bytes(std::span(zeros.data(), size))};
  }
  if (!architecture.empty()) content.metadata["kd.architecture"] = architecture;
  kd::save_safetensors(content, folder.path("n.safetensors"));
  return folder.path("n.safetensors");
}

}  // namespace

TEST_CASE("layers follow each other as people count", "[stored_network]") {
  const kd::test::TemporaryFolder folder;
  const std::string path = folder.path("n.safetensors");
  const kd::Network<Net> net{kd::Rng(3)};
  for (const auto& names : std::vector<std::vector<std::string>>{
           {"0", "2", "10"},
           {"fc2", "fc9", "fc10"},
           {"body.1.a", "body.1.b", "head"},
           {"module.l02", "module.l3", "module.l010"},
           {"_orig_mod.net.0", "_orig_mod.net.1", "_orig_mod.net.2"}}) {
    INFO(names[0]);
    kd::save(net, path, names);
    const StoredNetwork stored(path);
    CHECK(stored.sizes() == Sizes{4, 5, 6, 2});
    CHECK(text_of(stored.sizes()) == "4-5-6-2");
    kd::Network<Net> loaded{kd::Rng(0)};
    stored.load_into(loaded);
    CHECK(kd::map(loaded.params()) == kd::map(net.params()));
  }
}

TEST_CASE("what is no such network is refused, and it is said why", "[stored_network]") {
  const kd::test::TemporaryFolder folder;
  CHECK_THAT(complaint(write(folder, {})), EndsWith("got no tensors"));
  CHECK_THAT(complaint(write(folder, {{"0.weight", {3, 2}}})), EndsWith("got 0 without bias"));
  CHECK_THAT(complaint(write(folder, {{"0.bias", {3}}})), EndsWith("got 0 without weight"));
  CHECK_THAT(complaint(write(folder, {{"0.weight", {3, 2, 2, 2}}, {"0.bias", {3}}})),
             EndsWith("got the tensor 0.weight of 4 extents"));
  CHECK_THAT(complaint(write(folder, {{"1.running_mean", {3}}})),
             EndsWith("got the tensor 1.running_mean of 1 extents"));
  CHECK_THAT(
      complaint(write(
          folder, {{"0.weight", {3, 2}}, {"0.bias", {3}}, {"1.weight", {2, 4}}, {"1.bias", {2}}})),
      EndsWith("but 1 takes 4 features behind 3"));
  const std::map<std::string, std::vector<std::uint64_t>> one{{"0.weight", {3, 2}},
                                                              {"0.bias", {3}}};
  CHECK(complaint(write(folder, one, "Linear(2, 3), ReLU, Dropout(0.5)")).empty());
  CHECK_THAT(complaint(write(folder, one, "Linear(2, 3), Gelu, ReLU")),
             EndsWith("got one with Gelu"));
}
