// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "images.hpp"
#include "methods.hpp"

namespace compare {

/// Every figure of a comparison.
struct Figures {
  kd::Index epochs = 30;
  kd::Index batch = 128;
  double lr = 2e-3;  ///< of Adam, at the start; it falls along half a cosine
  kd::Index teacher_epochs = 20;
  double teacher_lr = 5e-4;  ///< as in the tuned recipe of mnist_distill
  int seeds = 3;
  std::uint64_t first_seed = 0;
  std::vector<std::string> methods;   ///< by name; empty: all
  std::vector<std::string> students;  ///< by name; empty: all
};

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

std::vector<std::string> student_names();
std::vector<std::string> method_names();

/// Throws `kd::ConfigError` when figures do not go together or a name is unknown, before anything
/// is trained.
void check(const Figures& figures);

/// Trains one teacher, then every student with every method and seed. A seed gives all methods the
/// same first weights and shuffles.
Results compare(const Figures& figures, const example::Images& images, const Listener& listener);

}  // namespace compare
