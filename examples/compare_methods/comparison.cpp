// SPDX-License-Identifier: MIT
#include "comparison.hpp"

#include <algorithm>
#include <limits>

#include "interrupt.hpp"
#include "spread.hpp"

namespace compare {

namespace {

constexpr std::uint64_t most_seeds = std::numeric_limits<std::uint64_t>::max();
constexpr const char* narrow_name = "784-20-20-10";
constexpr const char* wide_name = "784-100-100-10";

/// Ends whatever trains, however many networks that has, where a signal asks for it.
void look_for_interrupt(const kd::StepReport&) {
  example::stop_if_interrupted("no file is written, and what is printed is all there is");
}

bool wants(const std::vector<std::string>& names, const std::string& name) {
  return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

void check_names(const char* what, const std::vector<std::string>& wanted,
                 const std::vector<std::string>& known) {
  for (const std::string& name : wanted) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string list;
    for (const std::string& each : known) list += (list.empty() ? "" : "; ") + each;
    throw kd::ConfigError("there is no " + std::string(what) + " \"" + name + "\", only " + list);
  }
}

void summarise(MethodResult& result) {
  const example::Spread spread = example::spread_of({result.errors.begin(), result.errors.end()});
  result.mean = spread.mean;
  result.deviation = spread.deviation;
}

/// What every training has in common.
class Bench {
 public:
  Bench(const Figures& figures, const example::Images& images, const Listener& listener)
      : figures_(figures),
        images_(images),
        listener_(listener),
        teacher_(train_teacher()),
        table_(teacher_, images.train),
        features_(teacher_, images.train, kd::Layers<teacher_features>{}) {}

  kd::Index teacher_errors() const { return kd::evaluate(teacher_, images_.test).errors; }

  template <class Student>
  StudentResult compare(const std::string& name) const {
    StudentResult result{name, kd::Network<Student>(kd::Rng(0)).num_params(), {}};
    listener_.student(result);
    for (const Method<Student>& method : all_methods<Student>()) {
      if (!wants(figures_.methods, method.name)) continue;
      result.methods.push_back(run(method));
      listener_.method(result.methods.back());
    }
    return result;
  }

 private:
  kd::Network<Teacher> train_teacher() const {
    kd::Network<Teacher> teacher(kd::Rng(figures_.first_seed).stream(1));
    kd::fit(teacher, images_.train, kd::CrossEntropy{}, kd::Adam{{.lr = figures_.teacher_lr}},
            {.epochs = figures_.teacher_epochs,
             .batch_size = figures_.batch,
             .seed = figures_.first_seed,
             .schedule = kd::CosineSchedule{},
             .on_step = look_for_interrupt,
             .on_epoch = listener_.teacher_epoch});
    return teacher;
  }

  template <class Student>
  MethodResult run(const Method<Student>& method) const {
    MethodResult result{method.name, method.kind, method.recipe, {}};
    double seconds = 0;
    for (int i = 0; i < figures_.seeds; ++i) {
      const std::uint64_t seed = figures_.first_seed + static_cast<std::uint64_t>(i);
      const Lesson lesson{table_,
                          features_,
                          kd::class_costs(teacher_),
                          images_.train,
                          kd::Adam{{.lr = figures_.lr}},
                          kd::FitOptions{.epochs = figures_.epochs,
                                         .batch_size = figures_.batch,
                                         .seed = seed,
                                         .schedule = kd::CosineSchedule{},
                                         .on_step = look_for_interrupt}};
      kd::Network<Student> student(kd::Rng(seed).stream(2));
      for (const kd::EpochReport& epoch : method.train(lesson, student).epochs)
        seconds += epoch.seconds;
      result.errors.push_back(kd::evaluate(student, images_.test).errors);
    }
    result.seconds_per_epoch = seconds / static_cast<double>(figures_.epochs * figures_.seeds);
    summarise(result);
    return result;
  }

  const Figures& figures_;
  const example::Images& images_;
  const Listener& listener_;
  kd::Network<Teacher> teacher_;
  kd::CachedTeacher<> table_;
  Features features_;
};

}  // namespace

std::vector<std::string> student_names() { return {narrow_name, wide_name}; }

std::vector<std::string> method_names() {
  std::vector<std::string> names;
  for (const auto& method : all_methods<Narrow>()) names.push_back(method.name);
  return names;
}

void check(const Figures& figures) {
  (void)kd::Adam{{.lr = figures.lr}};
  (void)kd::Adam{{.lr = figures.teacher_lr}};
  if (figures.first_seed > most_seeds - static_cast<std::uint64_t>(figures.seeds - 1))
    throw kd::ConfigError("--seed: expected that --seeds " + std::to_string(figures.seeds) +
                          " of them fit 64 bits, got " + std::to_string(figures.first_seed));
  check_names("method", figures.methods, method_names());
  check_names("student", figures.students, student_names());
}

Results compare(const Figures& figures, const example::Images& images, const Listener& listener) {
  const Bench bench(figures, images, listener);
  Results results{bench.teacher_errors(), {}};
  listener.teacher(results.teacher_errors);
  if (wants(figures.students, narrow_name))
    results.students.push_back(bench.compare<Narrow>(narrow_name));
  if (wants(figures.students, wide_name))
    results.students.push_back(bench.compare<Wide>(wide_name));
  return results;
}

}  // namespace compare
