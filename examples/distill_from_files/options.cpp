// SPDX-License-Identifier: MIT
#include "options.hpp"

#include "checkpoint.hpp"
#include "mlp.hpp"
#include "threads.hpp"

namespace from_files {

namespace {

constexpr const char* footer =
    "Samples are numbers as the files have them: bytes are 0 to 255, and --standardize yes makes\n"
    "features alike. An array (samples, ...) has one sample a row. A network is Linear layers\n"
    "with ReLU between them; its sizes are features, hidden layers, classes.\n"
    "\n"
    "Examples:\n"
    "  distill_from_files --train digits.csv --label-column digit --student 49-256-10\n"
    "                     --save teacher.safetensors      learns from labels alone\n"
    "  distill_from_files --train digits.csv --label-column digit --student 49-8-10\n"
    "                     --teacher teacher.safetensors --validation-share 0.2 --patience 5\n"
    "                     --save student.safetensors      learns from that network, too\n"
    "  distill_from_files --train data.npz --teacher-logits logits.npy --student 784-32-10\n"
    "                     --save student.safetensors      from what anybody's teacher said";

using example::name_of;

void add_data_flags(example::CommandLine& line, Options& options) {
  line.add("--train", options.train, name_of("file", "FILE"),
           "Samples to learn from: .npz, .npy or .csv");
  line.add("--labels", options.labels, name_of("file", "FILE"),
           "Their labels, where those are in a file of\ntheir own: .npy, whole numbers from 0");
  line.add("--teacher-logits", options.teacher_logits, name_of("file", "FILE"),
           "What a teacher said of them, (samples, classes)\n"
           "before any softmax: .npy, .npz or .csv");
  line.add("--logits-array", options.logits_array, name_of("array", "NAME"),
           "Its name in an .npz file");
  line.add("--teacher", options.teacher, name_of("file", "FILE"),
           "In place of the logits: the teacher itself, as\n"
           "safetensors from kd or PyTorch");
  line.add("--student", options.student, example::layer_sizes(example::most_hidden),
           "Sizes of the student, such as 64-32-10, with\nup to 4 hidden layers");
  line.add("--save", options.save, name_of("file", "FILE"), "The trained student goes here");
  line.add("--metrics", options.metrics, name_of("file", "FILE"),
           "Appends a line of JSON for every epoch");
  line.add("--report", options.report, name_of("file", "FILE"),
           "How it went as a page for people, as HTML");
  example::add_checkpoint_flag(line, options.checkpoint);
}

void add_validation_flags(example::CommandLine& line, Options& options) {
  line.group("Validation, on samples that are not learned from");
  line.add("--validation", options.validation, name_of("file", "FILE"),
           "Such samples: .npz, .npy or .csv");
  line.add("--validation-labels", options.validation_labels, name_of("file", "FILE"),
           "Their labels, where those are in a file of\ntheir own: .npy");
  line.add_list("--validation-arrays", options.validation_arrays, example::list("X[,Y]"),
                "As --arrays, where other names are meant");
  line.add("--validation-share", options.validation_share, example::number_from_zero_to_below_one(),
           "In place of the file: a share of the training\n"
           "samples, drawn by the seed, the same of each class");
  line.add("--patience", options.patience, example::count(),
           "Ends when the validation loss has become no\nbetter for so many epochs");
  line.add("--keep", options.keep, example::one_of({"best", "last"}),
           "Which epoch's weights are saved, where there is\nvalidation");
}

void add_training_flags(example::CommandLine& line, Options& options) {
  line.group("Training");
  line.add("--temperature", options.temperature, example::positive_number(),
           "Softens the outputs of teacher and student; 4\nwithout it");
  line.add(
      "--hard-weight", options.hard_weight, example::number_from_zero(),
      "Of the labels, 0 to 1, the rest is the teacher's;\n0.1 without it, where there are labels");
  line.add("--epochs", options.epochs, example::count(), "Times through the samples");
  line.add("--batch", options.batch, example::count(), "Samples a step");
  line.add("--lr", options.lr, example::positive_number(), "Adam's learning rate");
  line.add("--schedule", options.schedule, example::one_of({"constant", "cosine"}),
           "Of the learning rate");
  line.add("--standardize", options.standardize, example::one_of({"no", "yes"}),
           "Learns from features of mean 0 and deviation 1;\n"
           "the student is saved so that it takes them as\nthey are");
  line.add("--seed", options.seed, example::whole_number(0, example::most_seeds),
           "Of first weights, shuffles and the share");
  example::add_threads_flag(line, options.threads);
}

template <class T>
void must_be_given(const char* flag, const std::optional<T>& value, const char* expected) {
  if (!value) throw kd::ConfigError(std::string(flag) + ": expected " + expected + ", got nothing");
}

/// `flag` says something only where `other` is said.
template <class T>
void goes_with(const char* flag, const std::optional<T>& value, bool other, const char* others) {
  if (value && !other)
    throw kd::ConfigError(std::string(flag) + ": expected " + others + " beside it, got none");
}

}  // namespace

void add_flags(example::CommandLine& line, Options& options) {
  line.footer(footer);
  add_data_flags(line, options);
  add_validation_flags(line, options);
  example::add_format_flags(line, options.format);
  add_training_flags(line, options);
}

void check(const Options& options) {
  must_be_given("--train", options.train, "the file of samples to learn from");
  must_be_given("--student", options.student, "the sizes of the student, such as 64-32-10");
  must_be_given("--save", options.save, "the file that the student goes to");
  const bool taught = options.teacher || options.teacher_logits;
  if (options.teacher && options.teacher_logits)
    throw kd::ConfigError("--teacher: expected one teacher, got --teacher-logits, too");
  if (options.validation && options.validation_share)
    throw kd::ConfigError("--validation-share: expected one validation, got --validation, too");
  const bool validated = options.validation || options.validation_share;
  goes_with("--temperature", options.temperature, taught, "--teacher or --teacher-logits");
  goes_with("--hard-weight", options.hard_weight, taught, "--teacher or --teacher-logits");
  goes_with("--patience", options.patience, validated, "--validation or --validation-share");
  goes_with("--validation-labels", options.validation_labels, options.validation.has_value(),
            "--validation");
  if (options.hard_weight && *options.hard_weight > 1)
    throw kd::ConfigError("--hard-weight: expected at most 1, as the teacher gets the rest, got " +
                          std::to_string(*options.hard_weight));
  if (options.validation_share && *options.validation_share == 0)
    throw kd::ConfigError("--validation-share: expected a number above 0, got 0");
  (void)kd::Adam{{.lr = options.lr}};
}

}  // namespace from_files
