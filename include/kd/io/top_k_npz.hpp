// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "kd/io/npz.hpp"
#include "kd/io/save_npz.hpp"
#include "kd/teachers/top_k_logits.hpp"

namespace kd {

/// What a file need not say that `load_top_k` reads; what it says must agree.
struct TopKFileOptions {
  std::optional<Index> num_classes = {};
  std::optional<double> temperature = {};  ///< 4 where nobody says
};

namespace detail {

/// A single number of the archive, and of the caller; nothing where neither says.
template <class T>
std::optional<T> single_number(const Npz& file, const std::string& name, std::optional<T> asked) {
  if (!file.has(name)) return asked;
  const Matrix<T> found = file.load<T>(name);
  if (found.size() != 1)
    throw ShapeError(text(file.path(), ": expected one number as ", name, ", got ", found.size()));
  if (asked && *asked != found(0))
    throw ConfigError(
        text(file.path(), ": expected ", name, ' ', *asked, ", as was asked for, got ", found(0)));
  return found(0);
}

}  // namespace detail

/// Reads the k largest logits of every sample out of one .npz file: `indices` and `logits`, of
/// shape (samples, k), and, where they are there, `tail` (samples), `num_classes` and
/// `temperature`.
///
///     const kd::TopKTeacher teacher(kd::load_top_k<float>("top_k.npz", {.num_classes = 1000}));
///
/// Throws as `Npz` and its `load`; `ConfigError` when file and options differ, or neither says how
/// many classes there are. The teacher checks the rest. Needs zlib: CMake target `kd::zlib`.
template <Real S>
TopKLogits<S> load_top_k(const std::string& path, const TopKFileOptions& options = {}) {
  const Npz file(path);
  TopKLogits<S> all{file.load<Label>("indices"), file.load<S>("logits")};
  all.source = path;
  if (file.has("tail")) all.tail = file.load<S>("tail").reshaped();
  const auto num_classes = detail::single_number(file, "num_classes", options.num_classes);
  if (!num_classes)
    throw ConfigError(path +
                      ": does not say num_classes, how many classes there are in all; give "
                      "{.num_classes = ...}");
  all.num_classes = *num_classes;
  all.temperature =
      detail::single_number(file, "temperature", options.temperature).value_or(all.temperature);
  return all;
}

/// Writes what a `TopKTeacher` keeps as an .npz file for `load_top_k`, whole or not at all:
///
///     kd::save_top_k(teacher.kept(), "top_k.npz");
///
/// Throws `IoError`.
template <Real S>
void save_top_k(const TopKLogits<S>& from, const std::string& path) {
  const Vector<Index> num_classes{{from.num_classes}};
  const Vector<double> temperature{{from.temperature}};
  std::vector<NamedArray> arrays{{"indices", from.classes},
                                 {"logits", from.logits},
                                 {"num_classes", view(num_classes)},
                                 {"temperature", view(temperature)}};
  if (from.tail.size() != 0) arrays.emplace_back("tail", view(from.tail));
  save_npz(arrays, path);
}

}  // namespace kd
