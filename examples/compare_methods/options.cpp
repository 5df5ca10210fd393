// SPDX-License-Identifier: MIT
#include "options.hpp"

namespace compare {

namespace {

std::string footer() {
  std::string text = "Methods:";
  for (const std::string& name : method_names()) text += "\n  " + name;
  text += "\nStudents:";
  for (const std::string& name : student_names()) text += "\n  " + name;
  return text +
         "\n\n"
         "Examples:\n"
         "  compare_methods                                  everything: takes its time\n"
         "  compare_methods --methods alone,SoftTargets,Hint --students 784-20-20-10\n"
         "  compare_methods --data mnist --json full.json --svg full.svg";
}

}  // namespace

void add_flags(example::CommandLine& line, Options& options) {
  Figures& figures = options.figures;
  line.footer(footer());
  line.add_list("--methods", figures.methods, example::list("A,B,..."),
                "Only these, separated by commas");
  line.add_list("--students", figures.students, example::list("A,B"),
                "Only these, separated by commas");
  example::add_common_flags(line, options.common, "The first, and the teacher's");
  line.add("--svg", options.svg, example::name_of("file", "FILE"),
           "Draws the results to this file");
  line.add("--epochs", figures.epochs, example::count(), "Times through the training images");
  line.add("--batch", figures.batch, example::count(), "Images a step");
  line.add("--lr", figures.lr, example::positive_number(), "Adam's learning rate at the start");
  line.add("--teacher-epochs", figures.teacher_epochs, example::count(), "The teacher's");
  line.add("--teacher-lr", figures.teacher_lr, example::positive_number(), "The teacher's");
  line.add("--seeds", figures.seeds, example::count(), "How many");
}

}  // namespace compare
