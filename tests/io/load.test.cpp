// SPDX-License-Identifier: MIT
#include "kd/io/load.hpp"

#include "kd/distill.hpp"
#include "kd/io/npy.hpp"
#include "kd/io/save.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"
#include "support/temporary_folder.hpp"

using namespace kd;
using kd::test::random_labels;
using kd::test::random_matrix;
using kd::test::TemporaryFolder;

namespace {

using Net = Sequential<Linear<4, 3>, ReLU, Dropout, Linear<3, 2>>;

std::string golden_file(const std::string& name) { return KD_GOLDEN_DIR "/io/" + name; }

template <class F>
std::string refusal(const F& f) {
  try {
    f();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("weights that PyTorch saved give its logits", "[io][load]") {
  const Matrix<double> x = load_npy<double>(golden_file("x.npy"));
  for (const std::string type : {"f64", "f32", "f16", "bf16"}) {
    INFO(type);
    Network<Net, cpu::Space, double> network(Rng(0));
    load(network, golden_file("network_" + type + ".safetensors"));
    const Matrix<double> logits = load_npy<double>(golden_file("logits_" + type + ".npy"));
    CHECK(network.predict(x).isApprox(logits, 1e-14));
  }
}

TEST_CASE("layers of every kind are saved and loaded, by PyTorch's names", "[io][load]") {
  using Normed =
      Sequential<Linear<4, 3>, LayerNorm<3>, GELU, Linear<3, 3>, LeakyReLU, LayerNorm<3>>;
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/normed.safetensors";
  Network<Normed> network(Rng(1));
  network.layer<2>().weight().setConstant(0.5F);
  network.layer<6>().bias().setConstant(-2);
  save(network, path);
  const FileContent file(path);
  const Safetensors content = parse_safetensors(file.bytes(), path);
  CHECK(content.metadata.at("kd.architecture") ==
        "Linear(4, 3), LayerNorm(3, 3, eps 1e-05), GELU, Linear(3, 3), LeakyReLU(0.01), "
        "LayerNorm(3, 3, eps 1e-05)");
  for (const char* name : {"1.weight", "1.bias", "5.weight", "5.bias"})
    CHECK(content.tensors.at(name).shape == std::vector<std::uint64_t>{3});
  Network<Normed> other(Rng(2));
  load(other, path);
  CHECK(map(other.params()) == map(network.params()));
}

TEST_CASE("named layers and wrapped models load by names", "[io][load]") {
  Network<Net> network(Rng(0));
  Network<Net> expected(Rng(1));
  load(expected, golden_file("network_f32.safetensors"));
  load(network, golden_file("named.safetensors"), {.names = {"fc1", "fc2"}});
  CHECK(map(network.params()) == map(expected.params()));
  const auto rename = [](const std::string& name) {
    return (name[0] == '0' ? "fc1" : "fc2") + name.substr(1);
  };
  Network<Net> other(Rng(0));
  load(other, golden_file("named.safetensors"), {.names = rename});
  CHECK(map(other.params()) == map(expected.params()));
  CHECK_THAT(refusal([&] { load(other, golden_file("named.safetensors"), {.names = {"fc1"}}); }),
             ContainsSubstring("expected 2 names, one for each layer that has weights, got 1"));
  CHECK_THAT(refusal([&] {
               save(other, "unused", {"a", "a"});
             }),
             ContainsSubstring("are called a."));
}

TEST_CASE("one error lists all that does not fit, and nothing is loaded", "[io][load]") {
  Network<Sequential<Linear<4, 3>, ReLU, Linear<3, 2>>> network(Rng(0));
  const Vector<float> before = map(network.params());
  const std::string path = golden_file("network_f32.safetensors");
  CHECK(refusal([&] { load(network, path); }) ==
        path +
            ": does not fit the model, and nothing was loaded:"
            "\n  missing: 2.weight (2, 3)\n  missing: 2.bias (2)"
            "\n  unexpected: 3.bias (2)\n  unexpected: 3.weight (2, 3)");
  CHECK(map(network.params()) == before);
  Network<Net> same(Rng(0));
  CHECK_THAT(refusal([&] { load(same, golden_file("transposed.safetensors")); }),
             ContainsSubstring("0.weight: expected (3, 4), got (4, 3): transposed?"));
  Network<Sequential<Linear<4, 3>>> first(Rng(0));
  load(first, path, {.ignore_more = true});
  CHECK_THAT(refusal([&] { load(first, golden_file("x.npy")); }),
             ContainsSubstring("expected a safetensors file, got a NumPy array"));
  CHECK_THROWS_AS(load(first, golden_file("no such file")), MissingFile);
}

TEST_CASE("what is saved is loaded again, bit for bit", "[io][load]") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/student.safetensors";
  const Network<Net, cpu::Space, double> network(Rng(0));
  save(network, path);
  Network<Net, cpu::Space, double> again(Rng(1));
  load(again, path);
  CHECK(map(again.params()) == map(network.params()));
  const FileContent file(path);
  const Safetensors content = parse_safetensors(file.bytes(), path);
  CHECK(content.metadata.at("kd.version") == KD_VERSION);
  CHECK(content.metadata.at("kd.architecture") == "Linear(4, 3), ReLU, Dropout(0.5), Linear(3, 2)");
  CHECK(content.tensors.at("3.bias").shape == std::vector<std::uint64_t>{2});

  // A weight of one feature is no bias.
  Network<Sequential<Linear<1, 3>>> narrow(Rng(0));
  save(narrow, path);
  const FileContent other(path);
  CHECK(parse_safetensors(other.bytes(), path).tensors.at("0.weight").shape ==
        std::vector<std::uint64_t>{3, 1});
}

TEST_CASE("weights that are not finite are refused, or wanted", "[io][load]") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/x.safetensors";
  Network<Net> network(Rng(0));
  network.params().data[13] = std::numeric_limits<float>::infinity();
  save(network, path);
  Network<Net> other(Rng(1));
  const Vector<float> before = map(other.params());
  CHECK_THAT(refusal([&] { load(other, path); }),
             ContainsSubstring("element 1 of 0.bias is inf, and nothing was loaded"));
  CHECK(map(other.params()) == before);
  load(other, path, {.allow_nonfinite = true});
  CHECK(map(other.params()) == map(network.params()));
}

TEST_CASE("what methods and mean teachers learned is saved, too", "[io][load]") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/x.safetensors";
  const Dataset data(random_matrix<float>(4, 12, 1), random_labels(12, 2, 2), 2);
  const Network<Net> teacher(Rng(0));
  Network<Net> student(Rng(1));
  Distiller distiller(teacher, student, SoftTargets{}, Hint<2, 2>{}, VariationalTransfer<2, 2>{},
                      AdversarialTemperature{});
  distiller.fit(data, Adam{});
  const auto round_trip = [&](auto& state) {
    const Vector<float> learned = map(state.params());
    save(state, path);
    map(state.params()).setZero();
    load(state, path);
    CHECK(map(state.params()) == learned);
  };
  round_trip(distiller.state<1>());
  round_trip(distiller.state<2>());
  round_trip(distiller.state<3>());

  MeanTeacher mean(student, MeanTeacherOptions{}, LogitMse{});
  mean.fit(data, Adam{});
  save(mean.teacher(), path);
  Network<Net> average(Rng(2));
  load(average, path);
  CHECK(map(average.params()) == map(mean.teacher().params()));
}

TEST_CASE("a convolutional network that PyTorch saved gives its logits", "[io][load]") {
  using Images =
      Sequential<Image<2, 6, 5>, Conv2d<4, 3, Window{.pad = 1}, ConvOptions{.bias = false}>,
                 BatchNorm, ReLU,
                 Residual<Shortcut<Conv2d<4, 1, Window{.stride = 2}>>,
                          Conv2d<4, 3, Window{.stride = 2, .pad = 1}>, BatchNorm>,
                 DepthwiseConv2d<3, Window{.pad = 1}>, GlobalAvgPool, Linear<4, 3>>;
  Network<Images, cpu::Space, double> network(Rng(0));
  load(network, golden_file("images.safetensors"));  // with the batches that PyTorch has counted
  const Matrix<double> x = load_npy<double>(golden_file("images_x.npy"));
  const Matrix<double> logits = load_npy<double>(golden_file("images_logits.npy"));
  CHECK(network.predict(x).isApprox(logits, 1e-12));

  const TemporaryFolder folder;
  save(network, folder.path("again"));
  Network<Images, cpu::Space, double> again(Rng(1));
  load(again, folder.path("again"));
  CHECK(map(again.weights()) == map(network.weights()));
  const FileContent file(folder.path("again"));
  const Safetensors content = parse_safetensors(file.bytes(), "again");
  CHECK(content.tensors.at("0.weight").shape == std::vector<std::uint64_t>{4, 2, 3, 3});
  CHECK(content.tensors.at("3.branch.1.running_var").shape == std::vector<std::uint64_t>{4});
  CHECK(content.tensors.contains("3.shortcut.0.bias"));

  using Without = Sequential<Image<2, 6, 5>, Conv2d<4, 3>, Linear<48, 3>>;
  Network<Without> other(Rng(1));
  CHECK_THAT(refusal([&] { load(other, golden_file("images.safetensors")); }),
             ContainsSubstring("unexpected: 1.num_batches_tracked ()"));
}
