// SPDX-License-Identifier: MIT
#include "options.hpp"

#include "checkpoint.hpp"

namespace mnist {

namespace {

constexpr const char* footer =
    "Recipes:\n"
    "  tuned    figures at which distillation pays; the default\n"
    "  article  the figures of the article this program follows: 6 epochs for teacher and\n"
    "           student alone, 5 for the distilled one, batch 32, lr 1e-4, temperature 7,\n"
    "           hard weight 0.3. Too few steps and too hot for distillation to pay.\n"
    "\n"
    "Examples:\n"
    "  mnist_distill                                 on the images found, see --data\n"
    "  mnist_distill --recipe article --data mnist   the article's experiment\n"
    "  mnist_distill --temperature 8 --json t8.json  another temperature, results kept\n"
    "  mnist_distill --save-teacher t.safetensors --save student.safetensors\n"
    "  mnist_distill --export-c student --int8 yes   the student as C of 8-bit integers\n"
    "  mnist_distill --int8 aware --bits 4           what it learns to do with 4 bits\n"
    "  mnist_distill --teacher t.safetensors         with the teacher of before";

example::Expected<std::string> schedule() { return example::one_of({"constant", "cosine"}); }

void add_teacher_flags(example::CommandLine& line, Overrides& figures) {
  line.group("Teacher, in place of the recipe's figures");
  line.add("--teacher-epochs", figures.teacher_epochs, example::count(),
           "Times through the training images");
  line.add("--teacher-batch", figures.teacher_batch, example::count(), "Images a step");
  line.add("--teacher-lr", figures.teacher_lr, example::positive_number(), "Adam's learning rate");
  line.add("--teacher-schedule", figures.teacher_schedule, schedule(), "Of the learning rate");
  line.add("--dropout", figures.dropout, example::number_from_zero_to_below_one(),
           "Share of the hidden units dropped");
}

void add_student_flags(example::CommandLine& line, Overrides& figures) {
  line.group("Students, in place of the recipe's figures");
  line.add("--epochs", figures.epochs, example::count(),
           "Times through the training images, both students");
  line.add("--distilled-epochs", figures.distilled_epochs, example::count(),
           "The distilled one, where it differs");
  line.add("--batch", figures.batch, example::count(), "Images a step");
  line.add("--lr", figures.lr, example::positive_number(), "Adam's learning rate");
  line.add("--schedule", figures.schedule, schedule(), "Of the learning rate");
  line.add("--temperature", figures.temperature, example::positive_number(),
           "Softens the outputs of teacher and student");
  line.add("--hard-weight", figures.hard_weight, example::number_from_zero(),
           "Of the cross-entropy with the labels");
  line.add("--soft-weight", figures.soft_weight, example::number_from_zero(),
           "Of the divergence from the teacher; without it\n"
           "1 - hard weight, where that is given");
}

}  // namespace

void add_flags(example::CommandLine& line, Options& options) {
  line.footer(footer);
  line.add("--recipe", options.recipe, example::one_of({"tuned", "article"}),
           "Which recipe, see below");
  example::add_common_flags(line, options.common, "Of first weights, shuffles and dropout");
  line.add("--seeds", options.seeds, example::count(),
           "Pairs of students, from --seed on, all with one\n"
           "teacher: whether it pays is told by several");
  const auto file = example::name_of("file", "FILE");
  line.add("--report", options.report, file,
           "Writes a page to look at to this file: HTML that\n"
           "needs nothing else");
  line.add("--save", options.save, file, "The distilled student goes here, as safetensors");
  line.add("--save-teacher", options.save_teacher, file, "So does the teacher");
  line.add("--teacher", options.teacher, file,
           "A teacher that was trained before, here or in\n"
           "PyTorch: safetensors of 784-1200-1200-10, for\n"
           "pixels from 0 to 1");
  example::add_checkpoint_flag(line, options.checkpoint,
                               "; FILE.1, FILE.2\nand so on, one for each network");
  add_teacher_flags(line, options.overrides);
  add_student_flags(line, options.overrides);
  example::add_export_flags(line, options.exports);
}

void check(const Options& options) {
  if (static_cast<std::uint64_t>(options.seeds) - 1 > example::most_seeds - options.common.seed)
    throw kd::ConfigError("--seed: expected that --seeds " + std::to_string(options.seeds) +
                          " of them fit 64 bits, got " + std::to_string(options.common.seed));
  if (!options.teacher) return;
  const Overrides& figures = options.overrides;
  const std::pair<const char*, bool> given[] = {
      {"--teacher-epochs", figures.teacher_epochs.has_value()},
      {"--teacher-batch", figures.teacher_batch.has_value()},
      {"--teacher-lr", figures.teacher_lr.has_value()},
      {"--teacher-schedule", figures.teacher_schedule.has_value()},
      {"--dropout", figures.dropout.has_value()}};
  for (const auto& [flag, is_given] : given)
    if (is_given)
      throw kd::ConfigError(
          std::string(flag) +
          ": expected a teacher to train, got one that is trained already: " + *options.teacher);
}

}  // namespace mnist
