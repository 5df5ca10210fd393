// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "images.hpp"
#include "methods.hpp"

namespace compare {

enum class Networks { vectors, images };

/// Every figure of a comparison.
struct Figures {
  Networks networks;
  kd::Index epochs;
  kd::Index batch;
  double lr;  ///< of Adam, at the start; it falls along half a cosine
  kd::Index teacher_epochs;
  double teacher_lr;
  int seeds = 3;
  std::uint64_t first_seed = 0;
  std::vector<std::string> methods = {};   ///< by name; empty: all
  std::vector<std::string> students = {};  ///< by name; empty: all
};

/// The figures that flags put in place of the defaults.
struct Overrides {
  std::optional<kd::Index> epochs, batch, teacher_epochs;
  std::optional<double> lr, teacher_lr;
};

/// Training images that are enough to compare networks of images by.
inline constexpr kd::Index few_images = 2500;

Figures make_figures(Networks networks, const Overrides& overrides);

/// What a student does on the test images with one method.
struct MethodResult {
  std::string name;
  Kind kind;
  std::string recipe;
  std::vector<kd::Index> errors;  ///< one a seed
  double mean = 0;
  double deviation = 0;  ///< of a sample; 0 for one seed
  double seconds_per_epoch = 0;
};

struct StudentResult {
  std::string name;
  kd::Index parameters = 0;
  std::vector<MethodResult> methods;
};

struct Results {
  kd::Index teacher_errors = 0;
  std::vector<StudentResult> students;
};

/// Told as things get done.
struct Listener {
  std::function<void(const kd::EpochReport&)> teacher_epoch;
  std::function<void(kd::Index errors)> teacher;
  std::function<void(const StudentResult&)> student;
  std::function<void(const MethodResult&)> method;
};

std::vector<std::string> student_names(Networks networks);
std::vector<std::string> method_names(Networks networks);

/// Throws `kd::ConfigError` when figures do not go together or a name is unknown, before anything
/// is trained.
void check(const Figures& figures);

/// Trains one teacher, then every student with every method and seed. A seed gives all methods the
/// same first weights and shuffles. With a `checkpoint` file, what a run before has finished is
/// taken from it; throws `kd::ConfigError` when it is another comparison's.
Results compare(const Figures& figures, const example::Images& images,
                const std::optional<std::string>& checkpoint, const Listener& listener);

}  // namespace compare
