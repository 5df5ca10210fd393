// SPDX-License-Identifier: MIT
#include "options.hpp"

#include "rows.hpp"

namespace hinton {

namespace {

constexpr const char* footer =
    "Examples:\n"
    "  hinton_mnist --quick                            one seed, few epochs\n"
    "  hinton_mnist --data mnist --checkpoints runs --json all.json --report all.html\n"
    "  hinton_mnist --data mnist --validate --rows distilled --max-norm 3\n"
    "                                                  how the figures were chosen";

void add_figures(example::CommandLine& line, Overrides& figures) {
  line.group("In place of the recipe's figures");
  line.add("--seeds", figures.seeds, example::count(), "How many, from --seed on");
  line.add("--batch", figures.batch, example::count(), "Images a step");
  line.add("--teacher-epochs", figures.teacher_epochs, example::count(),
           "Times through the training images");
  line.add("--teacher-lr", figures.teacher_lr, example::positive_number(),
           "The teacher's learning rate at the start");
  line.add("--momentum", figures.momentum, example::number_from_zero_to_below_one(),
           "Of the teacher's SGD, Nesterov's");
  line.add("--dropout", figures.dropout, example::number_from_zero_to_below_one(),
           "Share of the teacher's hidden units dropped");
  line.add("--max-norm", figures.max_norm, example::positive_number(),
           "The most that the incoming weights of one of the\n"
           "teacher's units may be long");
  line.add("--student-epochs", figures.student_epochs, example::count(),
           "Of the students of 800 units");
  line.add("--student-lr", figures.student_lr, example::positive_number(),
           "Adam's learning rate at the start");
  line.add("--temperature", figures.temperature, example::positive_number(),
           "At which they are distilled");
  line.add("--sweep-epochs", figures.sweep_epochs, example::count(),
           "Of the narrower students, at every temperature");
}

}  // namespace

void add_flags(example::CommandLine& line, Options& options) {
  line.footer(footer);
  line.add_switch("--quick", options.quick,
                  "One seed and few epochs: shows the effect in four\n"
                  "minutes of one processor's time");
  line.add_list("--rows", options.rows, example::list("A,B,..."),
                "Only these: alone, distilled, without-threes,\n"
                "sevens-and-eights, sweep");
  line.add_switch("--validate", options.validate,
                  "Tests on a sixth of the training images, which are\n"
                  "then not trained on, instead of the test images");
  line.add("--checkpoints", options.checkpoints, example::name_of("folder", "DIR"),
           "Where each network's training is kept; the same\n"
           "command goes on from there");
  line.add("--report", options.report, example::name_of("file", "FILE"),
           "Writes a page to look at to this file: HTML that\n"
           "needs nothing else");
  example::add_common_flags(line, options.common, "The first, of weights, shuffles and dropout");
  add_figures(line, options.overrides);
}

}  // namespace hinton
