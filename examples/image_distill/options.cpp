// SPDX-License-Identifier: MIT
#include "options.hpp"

#include "checkpoint.hpp"

namespace image {

namespace {

constexpr const char* footer =
    "Recipes:\n"
    "  full     the default for many images: figures for Fashion-MNIST (on Debian the package\n"
    "           dataset-fashion-mnist, which is found by itself)\n"
    "  quick    the default for few: figures for the sample of digits\n"
    "\n"
    "Examples:\n"
    "  image_distill                                  on the images found, see --data\n"
    "  image_distill --save-teacher t.safetensors --save student.safetensors\n"
    "  image_distill --teacher t.safetensors --temperature 6\n"
    "  image_distill --export-c clothes --int8 yes\n"
    "  image_distill --export-c clothes --int8 aware --bits 4";

}  // namespace

void add_flags(example::CommandLine& line, Options& options) {
  line.footer(footer);
  line.add("--recipe", options.recipe, example::one_of({"full", "quick"}),
           "Which recipe, see below");
  example::add_common_flags(line, options.common, "The teacher's, and the first of the students'");
  const auto file = example::name_of("file", "FILE");
  line.add("--report", options.report, file, "The results as a page for people, as HTML");
  line.add("--save", options.save, file,
           "The first seed's distilled student goes here, as\nsafetensors");
  line.add("--save-teacher", options.save_teacher, file, "So does the teacher");
  line.add("--teacher", options.teacher, file, "A teacher that --save-teacher has written");
  example::add_checkpoint_flag(line, options.checkpoint,
                               "; FILE.1,\nFILE.2 and so on, one for each network");
  example::add_export_flags(line, options.exports);
  Overrides& figures = options.overrides;
  line.group("In place of the recipe's figures");
  line.add("--teacher-epochs", figures.teacher_epochs, example::count(),
           "Times through the training images");
  line.add("--teacher-lr", figures.teacher_lr, example::positive_number(),
           "Adam's learning rate at the start");
  line.add("--epochs", figures.epochs, example::count(), "The students'");
  line.add("--lr", figures.lr, example::positive_number(), "The students'");
  line.add("--batch", figures.batch, example::count(), "Images a step");
  line.add("--seeds", figures.seeds, example::count(), "Of students, how many");
  line.add("--temperature", figures.temperature, example::positive_number(),
           "Softens the outputs of teacher and student");
  line.add("--hard-weight", figures.hard_weight, example::number_from_zero_to_one(),
           "Of the cross-entropy with the labels; the rest is\n"
           "that of the divergence from the teacher");
}

void check(const Options& options) {
  if (!options.teacher) return;
  for (const auto& [flag, is_given] :
       {std::pair("--teacher-epochs", options.overrides.teacher_epochs.has_value()),
        std::pair("--teacher-lr", options.overrides.teacher_lr.has_value())})
    if (is_given)
      throw kd::ConfigError(
          std::string(flag) +
          ": expected a teacher to train, got one that is trained already: " + *options.teacher);
}

}  // namespace image
