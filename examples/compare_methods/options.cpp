// SPDX-License-Identifier: MIT
#include "options.hpp"

#include <algorithm>

namespace compare {

namespace {

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// The names of both, and of which kind of networks those are that the other does not have.
std::string names_of_both(std::vector<std::string> (*names)(Networks)) {
  const std::vector<std::string> of_vectors = names(Networks::vectors);
  const std::vector<std::string> of_images = names(Networks::images);
  std::string text;
  for (const std::string& name : of_vectors)
    text += "\n  " + name + (has(of_images, name) ? "" : " (vectors)");
  for (const std::string& name : of_images)
    if (!has(of_vectors, name)) text += "\n  " + name + " (images)";
  return text;
}

std::string footer() {
  return "Networks:\n"
         "  vectors  the article's teacher 784-1200-1200-10, on MNIST's digits\n"
         "  images   a ResNet, on the first 2,500 images of Fashion-MNIST (on Debian the package\n"
         "           dataset-fashion-mnist, which is found by itself)\n"
         "Methods:" +
         names_of_both(method_names) + "\nStudents:" + names_of_both(student_names) +
         "\n\n"
         "Examples:\n"
         "  compare_methods                                  everything: takes its time\n"
         "  compare_methods --methods alone,SoftTargets,Hint --students 784-20-20-10\n"
         "  compare_methods --data mnist --json full.json --report full.html\n"
         "  compare_methods --networks images --threads 2 --checkpoint run";
}

}  // namespace

void add_flags(example::CommandLine& line, Options& options) {
  line.footer(footer());
  line.add("--networks", options.networks, example::one_of({"vectors", "images"}),
           "On which methods are compared, see below");
  line.add_list("--methods", options.methods, example::list("A,B,..."),
                "Only these, separated by commas");
  line.add_list("--students", options.students, example::list("A,B"),
                "Only these, separated by commas");
  example::add_common_flags(line, options.common, "The first, and the teacher's");
  line.add("--report", options.report, example::name_of("file", "FILE"),
           "The results as a page for people, as HTML");
  line.add("--svg", options.svg, example::name_of("file", "FILE"),
           "Draws the results to this file");
  line.add("--checkpoint", options.checkpoint, example::name_of("file", "FILE"),
           "Has each training as soon as it is done; the same\n"
           "command goes on from it. FILE.teacher beside it");
  line.add("--seeds", options.seeds, example::count(), "How many");
  Overrides& figures = options.overrides;
  line.group("In place of the figures for these networks");
  line.add("--epochs", figures.epochs, example::count(), "Times through the training images");
  line.add("--batch", figures.batch, example::count(), "Images a step");
  line.add("--lr", figures.lr, example::positive_number(), "Adam's learning rate at the start");
  line.add("--teacher-epochs", figures.teacher_epochs, example::count(), "The teacher's");
  line.add("--teacher-lr", figures.teacher_lr, example::positive_number(), "The teacher's");
}

Figures figures_of(const Options& options) {
  Figures figures = make_figures(
      options.networks == "images" ? Networks::images : Networks::vectors, options.overrides);
  figures.seeds = options.seeds;
  figures.first_seed = options.common.seed;
  figures.methods = options.methods;
  figures.students = options.students;
  return figures;
}

example::ImageOptions images_of(const Options& options) {
  example::ImageOptions images = options.common.images;
  if (options.networks != "images") return images;
  images.installed = example::fashion_mnist;
  if (!images.train_limit) images.train_limit = few_images;
  return images;
}

}  // namespace compare
