// SPDX-License-Identifier: MIT
#include "lesson.hpp"

#include <cmath>

#include "mlp.hpp"

namespace from_files {

namespace {

using Logits = kd::Matrix<float>;

/// The student must take the features of the samples.
void check_inputs(const std::string& path, const Logits& inputs, const example::Sizes& student) {
  if (inputs.rows() == student.front()) return;
  throw kd::ConfigError("--student: expected " + std::to_string(inputs.rows()) +
                        " features first, as a sample of " + path + " has, got " +
                        example::text_of(student));
}

/// Samples as a data set for a network of so many classes.
kd::Dataset dataset_of(const std::string& path, example::Samples samples,
                       const example::Sizes& student) {
  check_inputs(path, samples.inputs, student);
  const auto classes = static_cast<kd::Index>(samples.classes.size());
  if (classes > 0 && classes != student.back())
    throw kd::ConfigError("--student: expected " + std::to_string(classes) +
                          " classes last, as the labels of " + path + " have, got " +
                          example::text_of(student));
  try {
    const kd::Dataset data(std::move(samples.inputs));
    if (!samples.labels) return data;
    return data.with_labels(*std::move(samples.labels), {.classes = student.back()});
  } catch (const kd::DataError& error) {
    throw kd::DataError(path + ": " + error.what());
  }
}

/// Whether a softmax seems to have been there: another one of its numbers is next to uniform.
bool look_like_probabilities(const Logits& logits) {
  return logits.rows() > 1 && logits.minCoeff() >= 0 &&
         ((logits.colwise().sum().array() - 1).abs() < 0.01F).all();
}

Logits read_logits(const Options& options, kd::Index classes, kd::Index samples) {
  const std::string& path = *options.teacher_logits;
  Logits logits = example::read_numbers(path, options.logits_array, options.format);
  if (logits.rows() != classes || logits.cols() != samples) {
    const bool transposed = logits.rows() == samples && logits.cols() == classes;
    throw kd::ShapeError(path + ": expected " + std::to_string(samples) + " samples of " +
                         std::to_string(classes) + " logits, as " + *options.train +
                         " has samples and the student classes, got " +
                         std::to_string(logits.cols()) + " of " + std::to_string(logits.rows()) +
                         (transposed ? ": transposed?" : ""));
  }
  if (look_like_probabilities(logits))
    throw kd::DataError(path +
                        ": expected logits, got what looks like probabilities: no number is below "
                        "0 and those of a sample make 1 (numpy.log makes logits of them)");
  return logits;
}

void check_finite(const std::string& path, const Logits& logits) {
  for (kd::Index i = 0; i < logits.cols(); ++i)
    for (const float value : logits.col(i))
      if (!std::isfinite(value))
        throw kd::DataError(path + ": expected finite logits, got " + std::to_string(value) +
                            " for sample " + std::to_string(i));
}

/// What the teacher in a file says of samples, as they are in theirs.
class Teacher {
 public:
  Teacher(const std::string& path, const example::Sizes& student) : stored_(path) {
    const example::Sizes& sizes = stored_.sizes();
    if (sizes.front() != student.front() || sizes.back() != student.back())
      throw kd::ShapeError(path + ": expected a teacher of " + std::to_string(student.front()) +
                           " features and " + std::to_string(student.back()) +
                           " classes, as the student has, got " + example::text_of(sizes));
    if (sizes.size() > example::most_hidden + 2)
      throw kd::ShapeError(path + ": expected at most " + std::to_string(example::most_hidden) +
                           " hidden layers, got " + example::text_of(sizes) +
                           " (save its logits, and give those: --teacher-logits)");
  }

  Logits logits(const kd::Dataset& samples) const {
    Logits result;
    example::with_network(stored_.sizes(), kd::Rng(0), [&](auto& network) {
      stored_.load_into(network);
      result = network.predict(samples.inputs());
    });
    check_finite(stored_.path(), result);
    return result;
  }

 private:
  example::StoredNetwork stored_;
};

/// How many of the samples with labels a teacher gets right, 0 to 1.
double accuracy(const Logits& logits, const kd::Dataset& data) {
  const kd::Labels said = kd::classify(logits);
  return (said.array() == kd::map(data.labels()).array()).cast<double>().mean();
}

kd::Dataset load_validation(const Options& options, const example::Samples& train,
                            const std::optional<Teacher>& teacher, Lesson& lesson) {
  const std::string& path = *options.validation;
  example::FileFormat format = options.format;
  if (!options.validation_arrays.empty()) format.arrays = options.validation_arrays;
  example::Samples samples =
      example::read_samples(path, options.validation_labels, format, train.classes);
  example::check_features(path, train.features, samples.features);
  if (train.labels && train.classes.empty() && !samples.classes.empty())
    throw kd::DataError(path + ": expected numbers as labels, as in " + *options.train +
                        ", got texts");
  const kd::Dataset data = dataset_of(path, std::move(samples), *options.student);
  if (data.has_labels()) return data;
  if (!teacher)
    throw kd::DataError(path +
                        ": expected labels to validate with, got none (--validation-labels or, "
                        "for .csv, --label-column)");
  lesson.teacher_validates = true;
  return data.with_labels(kd::classify(teacher->logits(data)),
                          {.classes = options.student->back()});
}

/// Leaves a share of the samples to validation.
void split(const Options& options, Lesson& lesson) {
  const kd::SplitPlaces places =
      kd::split_places(lesson.train, *options.validation_share, options.seed);
  kd::Dataset test = lesson.train.select(places.test);
  if (!test.has_labels()) {
    lesson.teacher_validates = true;
    const kd::Labels said = kd::classify((*lesson.logits)(Eigen::all, places.test));
    test = test.with_labels(said, {.classes = options.student->back()});
  }
  lesson.validation = std::move(test);
  lesson.train = lesson.train.select(places.train);
  if (lesson.logits) lesson.logits = (*lesson.logits)(Eigen::all, places.train).eval();
}

}  // namespace

Lesson load_lesson(const Options& options) {
  const example::Sizes& student = *options.student;
  const std::string& path = *options.train;
  example::Samples samples = example::read_samples(path, options.labels, options.format);
  const example::NetworkNames names{samples.features, samples.classes};
  Lesson lesson{dataset_of(path, samples, student), {}, {}, false, {}, names};
  std::optional<Teacher> teacher;
  if (options.teacher) {
    teacher.emplace(*options.teacher, student);
    lesson.logits = teacher->logits(lesson.train);
  } else if (options.teacher_logits) {
    lesson.logits = read_logits(options, student.back(), lesson.train.size());
    check_finite(*options.teacher_logits, *lesson.logits);
  }
  if (!lesson.train.has_labels()) {
    if (!lesson.logits)
      throw kd::DataError(path +
                          ": expected labels or a teacher to learn from, got neither (--labels, "
                          "--label-column, --teacher-logits, --teacher)");
    if (options.hard_weight.value_or(0) > 0)
      throw kd::ConfigError("--hard-weight: expected 0, as " + path + " has no labels, got " +
                            std::to_string(*options.hard_weight));
  } else if (lesson.logits) {
    lesson.teacher_accuracy = accuracy(*lesson.logits, lesson.train);
  }
  if (options.validation) lesson.validation = load_validation(options, samples, teacher, lesson);
  if (options.validation_share) split(options, lesson);
  return lesson;
}

}  // namespace from_files
