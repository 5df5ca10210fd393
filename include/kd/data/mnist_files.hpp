// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "kd/core/types.hpp"
#include "kd/data/plain_files.hpp"

namespace kd {

/// The part to learn from and the part that is kept to measure.
enum class Split { train, test };

namespace detail {

/// A data set in MNIST's format: its files' names, and its classes.
struct MnistKind {
  std::string_view name;    ///< which names begin with; empty: MNIST, Fashion-MNIST, KMNIST
  std::string_view test;    ///< what the test part is called
  std::string_view labels;  ///< what the labels' names end with
  Index classes;
  Label first_class;

  std::string stem(Split split, std::string_view content) const {
    std::string all(name);
    if (!name.empty()) all += '-';
    return all.append(split == Split::train ? "train" : test).append("-").append(content);
  }
};

/// Sources: Cohen et al., "EMNIST", 2017, table II, and its files, whose letters are counted from
/// 1; Yadav and Bottou, "Cold case: the lost MNIST digits", 2019, for QMNIST.
inline constexpr std::array<MnistKind, 8> mnist_kinds{{
    {"", "t10k", "idx1-ubyte", 10, 0},
    {"emnist-balanced", "test", "idx1-ubyte", 47, 0},
    {"emnist-byclass", "test", "idx1-ubyte", 62, 0},
    {"emnist-bymerge", "test", "idx1-ubyte", 47, 0},
    {"emnist-digits", "test", "idx1-ubyte", 10, 0},
    {"emnist-letters", "test", "idx1-ubyte", 26, 1},
    {"emnist-mnist", "test", "idx1-ubyte", 10, 0},
    {"qmnist", "test", "idx2-int", 10, 0},
}};

/// One part of such a set.
struct MnistFiles {
  std::string images;
  std::string labels;
  Index classes;
  Label first_class;
};

/// Looks for the parts of data sets.
template <FileSource Files>
class MnistFinder {
 public:
  MnistFinder(const Files& files, Split split) : files_(files), split_(split) {}

  /// The part of the set in `where`: a folder, or a folder and the name of one of its sets. Throws
  /// `MissingFile` when there is none, `IoError` when there are several.
  MnistFiles find(const std::string& where) {
    const std::string folder = where.empty() || where.back() == '/' ? where : where + '/';
    std::optional<MnistFiles> found;
    std::string names;
    for (const MnistKind& kind : mnist_kinds) {
      auto part = find_part(folder, kind);
      if (!part) continue;
      if (kind.name.empty()) return *part;
      (names += names.empty() ? "" : ", ") += kind.name;
      found = std::move(part);
    }
    if (const std::size_t comma = names.find(','); comma != std::string::npos)
      throw IoError(where, text("expected one data set, got ", names, ": write ", folder,
                                names.substr(0, comma), " for one of them"));
    if (found) return *found;

    const std::size_t name_at = where.find_last_of('/') + 1;  // 0 where there is no slash
    for (const MnistKind& kind : mnist_kinds)
      if (!kind.name.empty() && where.substr(name_at) == kind.name)
        if (auto part = find_part(where.substr(0, name_at), kind)) return *part;
    if (only_packed_) throw *only_packed_;
    const std::string stem = mnist_kinds[0].stem(split_, "images");
    throw MissingFile(
        folder + stem + "-idx3-ubyte",
        text(missing_, ", nor ", stem, ".idx3-ubyte, nor a data set of EMNIST or QMNIST"));
  }

 private:
  /// Says so if there are images; missing labels are found out when they are opened.
  std::optional<MnistFiles> find_part(const std::string& folder, const MnistKind& kind) {
    const auto images = find_idx(folder, kind.stem(split_, "images"), "idx3-ubyte");
    if (!images) return std::nullopt;
    const std::string stem = kind.stem(split_, "labels");
    const auto labels = find_idx(folder, stem, kind.labels);
    return MnistFiles{*images, labels ? *labels : (folder + stem + '-').append(kind.labels),
                      kind.classes, kind.first_class};
  }

  /// A file by any of its names: with a dot for the last dash, or within a folder of the file's
  /// name, as unpackers leave it.
  std::optional<std::string> find_idx(const std::string& folder, const std::string& stem,
                                      std::string_view ending) {
    const std::string dashed = (stem + '-').append(ending);
    const std::string dotted = (stem + '.').append(ending);
    for (const std::string& name : {dashed, dotted, dashed + '/' + dashed, dashed + '/' + dotted}) {
      try {
        files_.open(folder + name);
        return folder + name;
      } catch (const OnlyPacked& packed) {
        if (!only_packed_) only_packed_ = packed;
      } catch (const MissingFile& missing) {
        if (missing_.empty()) missing_ = missing.what() + missing.path.size() + 2;
      }
    }
    return std::nullopt;
  }

  const Files& files_;
  Split split_;
  std::optional<OnlyPacked> only_packed_;  ///< the first of all names that was so
  std::string missing_;                    ///< why the first of all names was none
};

}  // namespace detail
}  // namespace kd
