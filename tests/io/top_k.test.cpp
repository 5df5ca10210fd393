// SPDX-License-Identifier: MIT
#include "kd/methods/top_k.hpp"

#include "kd/io/load_top_k.hpp"
#include "kd/io/top_k_npz.hpp"
#include "kd/teachers/cached_teacher.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace kd;
using kd::test::TemporaryFolder;

namespace {

const std::string from_torch = KD_GOLDEN_DIR "/io/top_k.npz";

/// What kd keeps of the same logits.
TopKLogits<double> expected() {
  const Matrix<double> logits = load_npy<double>(KD_GOLDEN_DIR "/io/top_k_of.npy");
  const Dataset data(Matrix<float>(Matrix<float>::Zero(1, 6)), Labels(Labels::Zero(6)), 10);
  return TopKTeacher(CachedTeacher(logits), data, 3, {.temperature = 2}).kept();
}

}  // namespace

TEST_CASE("the largest logits of torch.topk make a teacher", "[io][top_k]") {
  const TopKTeacher teacher(load_top_k<double>(from_torch));
  const TopKLogits<double> got = teacher.kept();
  CHECK(got.classes == expected().classes);
  CHECK(got.logits == expected().logits);
  CHECK(got.tail.isApprox(expected().tail, 1e-14));
  CHECK(got.num_classes == 10);
  CHECK(got.temperature == 2);
  CHECK(load_top_k<float>(from_torch).logits == expected().logits.cast<float>());
}

TEST_CASE("what a top-k teacher keeps is saved and loaded", "[io][top_k]") {
  const TemporaryFolder folder;
  const std::string path = folder.path("top_k.npz");
  save_top_k(expected(), path);
  const TopKLogits<double> got = TopKTeacher(load_top_k<double>(path)).kept();
  CHECK(got.classes == expected().classes);
  CHECK(got.logits == expected().logits);
  CHECK(got.tail == expected().tail);
  CHECK(got.temperature == 2);

  TopKLogits<double> bare = expected();
  bare.tail.resize(0);
  save_top_k(bare, path);
  CHECK(load_top_k<double>(path).tail.size() == 0);
  CHECK(TopKTeacher(load_top_k<double>(path)).kept().tail.allFinite());
}

TEST_CASE("a file need not say all, and what it says must agree", "[io][top_k]") {
  const TemporaryFolder folder;
  const std::string path = folder.path("top_k.npz");
  const Matrix<Label> indices{{2, 0}, {1, 2}};
  const Matrix<float> logits{{3, 5}, {1, -4}};
  save_npz({{"indices", indices}, {"logits", logits}}, path);
  CHECK_THROWS_AS(load_top_k<float>(path), ConfigError);
  CHECK_THROWS_WITH(load_top_k<float>(path),
                    StartsWith(path) && ContainsSubstring("does not say num_classes"));
  const TopKTeacher teacher(load_top_k<float>(path, {.num_classes = 1000}));
  CHECK(teacher.num_classes() == 1000);
  CHECK(teacher.temperature() == 4);
  CHECK(TopKTeacher(load_top_k<float>(path, {.num_classes = 3, .temperature = 7})).temperature() ==
        7);

  CHECK_NOTHROW(load_top_k<float>(from_torch, {.num_classes = 10, .temperature = 2}));
  CHECK_THROWS_AS(load_top_k<float>(from_torch, {.num_classes = 11}), ConfigError);
  CHECK_THROWS_WITH(load_top_k<float>(from_torch, {.num_classes = 11}),
                    from_torch + ": expected num_classes 11, as was asked for, got 10");
  CHECK_THROWS_WITH(load_top_k<float>(from_torch, {.temperature = 4}),
                    from_torch + ": expected temperature 4, as was asked for, got 2");
  save_npz({{"indices", indices}, {"logits", logits}, {"num_classes", indices}}, path);
  CHECK_THROWS_WITH(load_top_k<float>(path), path + ": expected one number as num_classes, got 4");
  save_npz({{"indices", indices}}, path);
  CHECK_THROWS_WITH(load_top_k<float>(path), ContainsSubstring("has no array \"logits\""));
}

TEST_CASE("the largest logits come as two arrays, or three", "[io][top_k]") {
  const TemporaryFolder folder;
  const TopKLogits<double> kept = expected();
  const std::string indices = folder.path("indices.npy");
  const std::string logits = folder.path("logits.npy");
  const std::string tail = folder.path("tail.npy");
  save_npy(kept.classes, indices);
  save_npy(kept.logits, logits);
  save_npy(view(kept.tail), tail);
  const TopKTeacher whole(load_top_k<double>(
      {.indices = indices, .logits = logits, .tail = tail, .num_classes = 10, .temperature = 2}));
  CHECK(whole.kept().classes == kept.classes);
  CHECK(whole.kept().logits == kept.logits);
  CHECK(whole.kept().tail == kept.tail);
  CHECK(whole.temperature() == 2);

  const TopKFiles files{.indices = indices, .logits = logits, .num_classes = 10};
  CHECK(load_top_k<float>(files).tail.size() == 0);
  CHECK(TopKTeacher(load_top_k<float>(files)).temperature() == 4);
  save_npy(kept.logits.leftCols(5), logits);
  CHECK_THROWS_WITH(TopKTeacher(load_top_k<double>(files)),
                    "TopKTeacher of " + indices + " and " + logits +
                        ": expected as many classes as logits, (k, samples), got (3, 6) classes "
                        "and (3, 5) logits");
  save_npy(kept.logits, indices);  // the one for the other
  CHECK_THROWS_WITH(load_top_k<double>(files), ContainsSubstring("expected a whole number"));
}
