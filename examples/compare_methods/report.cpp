// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <ostream>

#include "json.hpp"
#include "text.hpp"

namespace compare {

namespace {

using example::fixed;
using example::grouped;
using example::Json;
using example::left;
using example::right;

constexpr std::size_t name_width = 30;

}  // namespace

void print_plan(std::ostream& out, const Figures& figures, const example::Images& images) {
  const bool of_images = figures.networks == Networks::images;
  out << "Images: " << grouped(images.train.size()) << " for training and "
      << grouped(images.test.size()) << " test images from " << images.source << '\n'
      << "Teacher " << (of_images ? "a ResNet" : "784-1200-1200-10") << ": "
      << figures.teacher_epochs << " epochs, lr " << figures.teacher_lr
      << (of_images ? ", weight decay 5e-4, images moved" : ", dropout 0.5")
      << "; students: " << figures.epochs << " epochs, lr " << figures.lr << '\n'
      << "Adam, batch " << figures.batch << ", lr falling as a cosine; " << figures.seeds
      << (figures.seeds == 1 ? " seed" : " seeds") << " from " << figures.first_seed << ", threads "
      << kd::threads() << '\n'
      << "The teacher runs once: methods on features have a table of its hidden layers, the others "
         "of its logits"
      << (of_images ? ";\nCatKd and ScaleDecoupled ask the teacher itself.\n" : ".\n") << std::endl;
}

void print_head(std::ostream& out, const StudentResult& student) {
  out << "\nStudent " << student.name << ", " << grouped(student.parameters) << " parameters\n"
      << left("", name_width) << "    errors   deviation  seconds/epoch  learns from\n"
      << std::flush;
}

void print_row(std::ostream& out, const MethodResult& result) {
  out << left(result.name, name_width) << right(fixed(result.mean, 1), 10)
      << right(fixed(result.deviation, 1), 12) << right(fixed(result.seconds_per_epoch, 3), 15)
      << "  " << result.recipe << std::endl;
}

std::string to_json(const example::Images& images, const Results& results) {
  Json students = Json::array();
  for (const StudentResult& student : results.students) {
    Json methods = Json::array();
    for (const MethodResult& method : student.methods)
      methods.push_back({{"name", method.name},
                         {"errors", method.errors},
                         {"mean", method.mean},
                         {"deviation", method.deviation},
                         {"seconds_per_epoch", method.seconds_per_epoch}});
    students.push_back({{"name", student.name}, {"methods", methods}});
  }
  return example::dump({{"data", example::to_json(images)},
                        {"teacher_errors", results.teacher_errors},
                        {"students", students}});
}

}  // namespace compare
