// SPDX-License-Identifier: MIT
#include "kd/data/mnist.hpp"

#include "kd/data/gzip.hpp"
#include "support/catch.hpp"
#include "support/gzip.hpp"
#include "support/idx.hpp"
#include "support/temporary_folder.hpp"

using namespace kd;
using namespace kd::test;

namespace {

void write_both_parts(const TemporaryFolder& folder) {
  folder.write("train-images-idx3-ubyte", idx_images(30));
  folder.write("train-labels-idx1-ubyte", idx_labels(30));
  folder.write("t10k-images-idx3-ubyte", idx_images(4));
  folder.write("t10k-labels-idx1-ubyte", idx_labels(4));
}

}  // namespace

TEST_CASE("the two parts of MNIST are data sets of bytes", "[data][mnist]") {
  const TemporaryFolder folder;
  write_both_parts(folder);
  for (const std::string& spelling : {folder.path(), folder.path() + "/"}) {
    const Dataset train = load_mnist(spelling, Split::train);
    CHECK(train.size() == 30);
    CHECK(train.features() == 6);
    const Dataset test = load_mnist(spelling, Split::test);
    CHECK(test.size() == 4);
    CHECK(test.classes() == 10);  // though the labels end at 3
    CHECK(test.labels().data[3] == 3);
    CHECK(test.inputs()(5, 1) == Approx(11. / 255));
    test.visit([](const auto& stored, float scale) {
      CHECK(sizeof(*stored.data) == 1);
      CHECK(scale == Approx(1. / 255));
    });
  }
}

TEST_CASE("images and labels of different number are both named", "[data][mnist]") {
  const TemporaryFolder folder;
  write_both_parts(folder);
  folder.write("t10k-labels-idx1-ubyte", idx_labels(5));
  CHECK_THROWS_AS(load_mnist(folder.path(), Split::test), ShapeError);
  CHECK_THROWS_WITH(load_mnist(folder.path(), Split::test),
                    "load_mnist: expected as many labels as images, got 5 labels in " +
                        folder.path("t10k-labels-idx1-ubyte") + " for 4 images in " +
                        folder.path("t10k-images-idx3-ubyte"));
  CHECK(load_mnist(folder.path(), Split::train).size() == 30);
}

TEST_CASE("a part that is missing or in the wrong place is named", "[data][mnist]") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(load_mnist(folder.path(), Split::train),
                    folder.path("train-images-idx3-ubyte") +
                        ": No such file or directory, nor train-images.idx3-ubyte, nor a data set "
                        "of EMNIST or QMNIST");
  CHECK_THROWS_AS(load_mnist(folder.path(), Split::train), MissingFile);
  write_both_parts(folder);
  std::filesystem::remove(folder.path("train-labels-idx1-ubyte"));
  CHECK_THROWS_WITH(load_mnist(folder.path(), Split::train),
                    folder.path("train-labels-idx1-ubyte") + ": No such file or directory");
  folder.write("train-labels-idx1-ubyte", idx_images(30));
  CHECK_THROWS_WITH(load_mnist(folder.path(), Split::train),
                    ContainsSubstring("this is a file of images"));
  folder.write("train-labels-idx1-ubyte", idx_labels(30));
  folder.write("train-images-idx3-ubyte", idx_labels(30));
  CHECK_THROWS_WITH(load_mnist(folder.path(), Split::train),
                    ContainsSubstring("this is a file of labels"));
}

TEST_CASE("a label that is no digit is refused", "[data][mnist]") {
  const TemporaryFolder folder;
  write_both_parts(folder);
  std::string labels = idx_labels(4);
  labels[8] = '\xFF';
  folder.write("t10k-labels-idx1-ubyte", labels);
  CHECK_THROWS_WITH(load_mnist(folder.path(), Split::test),
                    EndsWith("byte 8: label of sample 0: expected 0 to 9, got 255"));
}

TEST_CASE("MNIST is found by its files' other names", "[data][mnist]") {
  const TemporaryFolder folder;
  SECTION("with a dot") {
    folder.write("t10k-images.idx3-ubyte", idx_images(4));
    folder.write("t10k-labels.idx1-ubyte", idx_labels(4));
  }
  SECTION("one with a dot, and compressed") {
    folder.write("t10k-images.idx3-ubyte.gz", gzip(idx_images(4)));
    folder.write("t10k-labels-idx1-ubyte", idx_labels(4));
  }
  SECTION("each in a folder of its name") {
    const auto name =
        GENERATE(as<std::string>(), "t10k-images-idx3-ubyte", "t10k-images.idx3-ubyte");
    std::filesystem::create_directory(folder.path("t10k-images-idx3-ubyte"));
    std::filesystem::create_directory(folder.path("t10k-labels-idx1-ubyte"));
    folder.write("t10k-images-idx3-ubyte/" + name, idx_images(4));
    folder.write("t10k-labels-idx1-ubyte/t10k-labels-idx1-ubyte", idx_labels(4));
  }
  CHECK(load_mnist(folder.path(), Split::test, GzipFiles{}).size() == 4);
}

TEST_CASE("compressed files beside the unpacked ones are no obstacle", "[data][mnist]") {
  const TemporaryFolder folder;
  for (const std::string name : {"t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"})
    folder.write(name, gzip("what was unpacked"));
  folder.write("t10k-images.idx3-ubyte", idx_images(4));
  CHECK_THROWS_WITH(load_mnist(folder.path(), Split::test),
                    StartsWith(folder.path("t10k-labels-idx1-ubyte")) &&
                        ContainsSubstring("but there is " + folder.path("t10k-labels-idx1-ubyte") +
                                          ".gz: gunzip it"));
  folder.write("t10k-labels.idx1-ubyte", idx_labels(4));
  CHECK(load_mnist(folder.path(), Split::test).size() == 4);
}

TEST_CASE("where there are only compressed files, the first is named", "[data][mnist]") {
  const TemporaryFolder folder;
  const auto name = GENERATE(as<std::string>(), "train-images-idx3-ubyte",
                             "train-images.idx3-ubyte", "emnist-letters-train-images-idx3-ubyte");
  folder.write(name + ".gz", gzip(idx_images(4)));
  CHECK_THROWS_AS(load_mnist(folder.path(), Split::train), MissingFile);
  CHECK_THROWS_WITH(load_mnist(folder.path(), Split::train),
                    StartsWith(folder.path(name) + ": No such file or directory, but there is ") &&
                        ContainsSubstring("kd::GzipFiles{}"));
}

TEST_CASE("a folder instead of a file is named", "[data][mnist]") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path("t10k-images-idx3-ubyte"));
  CHECK_THROWS_WITH(load_mnist(folder.path(), Split::test),
                    StartsWith(folder.path("t10k-images-idx3-ubyte") +
                               ": expected a file, got a folder, nor t10k-images.idx3-ubyte"));
}

TEST_CASE("a file instead of a folder is named", "[data][mnist]") {
  const TemporaryFolder folder;
  const std::string file = folder.write("t10k-images-idx3-ubyte", idx_images(4));
  CHECK_THROWS_WITH(load_mnist(file, Split::test),
                    StartsWith(file + "/t10k-images-idx3-ubyte: Not a directory"));
}

TEST_CASE("EMNIST is found by its names and has its own classes", "[data][mnist]") {
  struct Set {
    std::string name;
    Index classes;
  };
  const Set set =
      GENERATE(Set{"emnist-balanced", 47}, Set{"emnist-byclass", 62}, Set{"emnist-bymerge", 47},
               Set{"emnist-digits", 10}, Set{"emnist-mnist", 10});
  const TemporaryFolder folder;
  for (const std::string part : {"train", "test"}) {
    folder.write(set.name + "-" + part + "-images-idx3-ubyte.gz", gzip(idx_images(4)));
    folder.write(set.name + "-" + part + "-labels-idx1-ubyte.gz", gzip(idx_labels(4)));
  }
  for (const Split split : {Split::train, Split::test}) {
    const Dataset data = load_mnist(folder.path(), split, GzipFiles{});
    CHECK(data.size() == 4);
    CHECK(data.classes() == set.classes);
    CHECK(map(data.labels()) == Labels{{0, 1, 2, 3}});
  }
}

TEST_CASE("EMNIST's letters count from 1, and from 0 once they are read", "[data][mnist]") {
  const TemporaryFolder folder;
  folder.write("emnist-letters-train-images-idx3-ubyte", idx_images(3));
  const auto write_labels = [&](char a, char b, char c) {
    folder.write("emnist-letters-train-labels-idx1-ubyte", idx_header(0x801, {3}) + a + b + c);
  };
  write_labels(1, 26, 5);
  const Dataset data = load_mnist(folder.path(), Split::train);
  CHECK(data.classes() == 26);
  CHECK(map(data.labels()) == Labels{{0, 25, 4}});
  write_labels(1, 0, 5);
  CHECK_THROWS_WITH(load_mnist(folder.path(), Split::train),
                    EndsWith("byte 9: label of sample 1: expected 1 to 26, got 0"));
}

TEST_CASE("QMNIST is found by its names", "[data][mnist]") {
  const TemporaryFolder folder;
  folder.write("qmnist-test-images-idx3-ubyte", idx_images(30));
  folder.write("qmnist-test-labels-idx2-int", qmnist_labels(30));
  const Dataset data = load_mnist(folder.path(), Split::test);
  CHECK(data.classes() == 10);
  CHECK(data.labels().data[29] == 9);
  CHECK_THROWS_AS(load_mnist(folder.path(), Split::train), MissingFile);
}

TEST_CASE("of several sets in a folder one is named", "[data][mnist]") {
  const TemporaryFolder folder;
  for (const std::string name : {"emnist-digits", "emnist-letters", "qmnist"}) {
    folder.write(name + "-test-images-idx3-ubyte", idx_images(4));
    folder.write(name + "-test-labels-idx1-ubyte", idx_header(0x801, {4}) + "\1\2\3\4");
  }
  CHECK_THROWS_AS(load_mnist(folder.path(), Split::test), IoError);
  CHECK_THROWS_WITH(load_mnist(folder.path(), Split::test),
                    folder.path() +
                        ": expected one data set, got emnist-digits, emnist-letters, "
                        "qmnist: write " +
                        folder.path("emnist-digits") + " for one of them");
  CHECK(load_mnist(folder.path("emnist-digits"), Split::test).classes() == 10);
  CHECK(load_mnist(folder.path("emnist-letters"), Split::test).classes() == 26);
  CHECK_THROWS_AS(load_mnist(folder.path("emnist-balanced"), Split::test), MissingFile);
  write_both_parts(folder);
  CHECK(load_mnist(folder.path(), Split::test).labels().data[0] == 0);  // MNIST's own come first
}
