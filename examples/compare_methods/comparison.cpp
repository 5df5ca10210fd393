// SPDX-License-Identifier: MIT
#include "comparison.hpp"

#include <algorithm>
#include <limits>

#include "checkpoint.hpp"
#include "finished.hpp"
#include "interrupt.hpp"
#include "spread.hpp"

namespace compare {

namespace {

constexpr std::uint64_t most_seeds = std::numeric_limits<std::uint64_t>::max();

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
template <class S>
class Bench {
 public:
  Bench(const Figures& figures, const example::Images& images,
        const std::optional<std::string>& checkpoint, const Listener& listener)
      : figures_(figures),
        images_(images),
        checkpoint_(checkpoint),
        listener_(listener),
        finished_(checkpoint, figures, images),
        teacher_(train_teacher()),
        table_(teacher_, images.train),
        features_(teacher_, images.train, typename S::Kept{}) {}

  kd::Index teacher_errors() const { return kd::evaluate(teacher_, images_.test).errors; }

  /// Appends the student's result, if it is wanted.
  template <class Student>
  void compare(const std::string& name, Results& results) {
    if (!wants(figures_.students, name)) return;
    StudentResult result{name, kd::Network<Student>(kd::Rng(0)).num_params(), {}};
    listener_.student(result);
    for (const Method<Student>& method : all_methods<Student>()) {
      if (!wants(figures_.methods, method.name)) continue;
      result.methods.push_back(run(name, method));
      listener_.method(result.methods.back());
    }
    results.students.push_back(std::move(result));
  }

 private:
  /// Ends whatever trains, however many networks that has, where a signal asks for it.
  auto look_for_interrupt() const {
    return [this](const kd::StepReport&) {
      example::stop_if_interrupted(checkpoint_
                                       ? example::kept_in(*checkpoint_)
                                       : "no file is written, and what is printed is all there is");
    };
  }

  kd::Network<typename S::Teacher> train_teacher() const {
    kd::Network<typename S::Teacher> teacher(kd::Rng(figures_.first_seed).stream(1));
    std::optional<std::string> file;
    if (checkpoint_) file = *checkpoint_ + ".teacher";
    kd::fit(teacher, images_.train, kd::CrossEntropy{}, S::teacher_adam(figures_.teacher_lr),
            {.epochs = figures_.teacher_epochs,
             .batch_size = figures_.batch,
             .seed = figures_.first_seed,
             .augment = S::augmentation(),
             .schedule = kd::CosineSchedule{},
             .on_step = look_for_interrupt(),
             .on_epoch = listener_.teacher_epoch,
             .checkpoint = example::checkpoint_of(file)});
    return teacher;
  }

  template <class Student>
  Training train(const Method<Student>& method, kd::Network<Student>& student,
                 std::uint64_t seed) const {
    const Lesson<Student> lesson{teacher_,
                                 table_,
                                 features_,
                                 kd::class_costs(teacher_),
                                 images_.train,
                                 kd::Adam{{.lr = figures_.lr}},
                                 kd::FitOptions{.epochs = figures_.epochs,
                                                .batch_size = figures_.batch,
                                                .seed = seed,
                                                .schedule = kd::CosineSchedule{},
                                                .on_step = look_for_interrupt()}};
    Training training;
    training.method = method.name;
    training.recipe = method.recipe;
    training.seed = seed;
    for (const kd::EpochReport& epoch : method.train(lesson, student).epochs)
      training.seconds += epoch.seconds;
    training.errors = kd::evaluate(student, images_.test).errors;
    return training;
  }

  template <class Student>
  MethodResult run(const std::string& student, const Method<Student>& method) {
    MethodResult result{method.name, method.kind, method.recipe, {}};
    double seconds = 0;
    for (int i = 0; i < figures_.seeds; ++i) {
      const std::uint64_t seed = figures_.first_seed + static_cast<std::uint64_t>(i);
      const Training* done = finished_.find(student, method.name, method.recipe, seed);
      if (done == nullptr) {
        kd::Network<Student> network(kd::Rng(seed).stream(2));
        Training training = train(method, network, seed);
        training.student = student;
        done = &finished_.add(std::move(training));
      }
      seconds += done->seconds;
      result.errors.push_back(done->errors);
    }
    result.seconds_per_epoch = seconds / static_cast<double>(figures_.epochs * figures_.seeds);
    summarise(result);
    return result;
  }

  const Figures& figures_;
  const example::Images& images_;
  const std::optional<std::string>& checkpoint_;
  const Listener& listener_;
  Finished finished_;
  kd::Network<typename S::Teacher> teacher_;
  kd::CachedTeacher<> table_;
  kd::CachedFeatures<typename S::Teacher, typename S::Kept> features_;
};

template <class T, class U>
void replace(T& figure, const std::optional<U>& by) {
  if (by) figure = *by;
}

}  // namespace

Figures make_figures(Networks networks, const Overrides& overrides) {
  Figures figures = networks == Networks::images
                        ? Figures{.networks = networks,
                                  .epochs = 20,
                                  .batch = 64,
                                  .lr = 4e-3,
                                  .teacher_epochs = 20,
                                  .teacher_lr = 2e-3}
                        : Figures{.networks = networks,
                                  .epochs = 30,
                                  .batch = 128,
                                  .lr = 2e-3,
                                  .teacher_epochs = 20,
                                  .teacher_lr = 5e-4};  // as in mnist_distill's tuned recipe
  replace(figures.epochs, overrides.epochs);
  replace(figures.batch, overrides.batch);
  replace(figures.lr, overrides.lr);
  replace(figures.teacher_epochs, overrides.teacher_epochs);
  replace(figures.teacher_lr, overrides.teacher_lr);
  return figures;
}

std::vector<std::string> student_names(Networks networks) {
  if (networks == Networks::images) return {Images::student_name};
  return {Vectors::narrow_name, Vectors::wide_name};
}

std::vector<std::string> method_names(Networks networks) {
  std::vector<std::string> names;
  const auto add = [&](const auto& methods) {
    for (const auto& method : methods) names.push_back(method.name);
  };
  if (networks == Networks::images)
    add(all_methods<Images::Student>());
  else
    add(all_methods<Vectors::Narrow>());
  return names;
}

void check(const Figures& figures) {
  (void)kd::Adam{{.lr = figures.lr}};
  (void)kd::Adam{{.lr = figures.teacher_lr}};
  if (figures.first_seed > most_seeds - static_cast<std::uint64_t>(figures.seeds - 1))
    throw kd::ConfigError("--seed: expected that --seeds " + std::to_string(figures.seeds) +
                          " of them fit 64 bits, got " + std::to_string(figures.first_seed));
  check_names("method", figures.methods, method_names(figures.networks));
  check_names("student", figures.students, student_names(figures.networks));
}

Results compare(const Figures& figures, const example::Images& images,
                const std::optional<std::string>& checkpoint, const Listener& listener) {
  Results results;
  const auto begin = [&](const auto& bench) {
    results.teacher_errors = bench.teacher_errors();
    listener.teacher(results.teacher_errors);
  };
  if (figures.networks == Networks::images) {
    Bench<Images> bench(figures, images, checkpoint, listener);
    begin(bench);
    bench.compare<Images::Student>(Images::student_name, results);
  } else {
    Bench<Vectors> bench(figures, images, checkpoint, listener);
    begin(bench);
    bench.compare<Vectors::Narrow>(Vectors::narrow_name, results);
    bench.compare<Vectors::Wide>(Vectors::wide_name, results);
  }
  return results;
}

}  // namespace compare
