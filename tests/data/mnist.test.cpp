// SPDX-License-Identifier: MIT
#include "kd/data/mnist.hpp"

#include "support/catch.hpp"
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
                    folder.path("train-images-idx3-ubyte") + ": No such file or directory");
  write_both_parts(folder);
  std::filesystem::remove(folder.path("train-labels-idx1-ubyte"));
  CHECK_THROWS_AS(load_mnist(folder.path(), Split::train), IoError);
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
