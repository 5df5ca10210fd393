// SPDX-License-Identifier: MIT
#include "page.hpp"

#include <kd/report.hpp>

#include "text.hpp"

namespace from_files {

namespace {

namespace parts = kd::report;
using example::fixed;
using example::grouped;

constexpr kd::Index most_confusion_classes = 50;  // with more the table is no picture any more

std::string percent(double share) { return fixed(100 * share, 2) + " %"; }

std::string introduction(const Options& options, const Lesson& lesson) {
  std::string text = "A student of " + example::text_of(*options.student) + " learned from " +
                     grouped(lesson.train.size()) + " samples of " + *options.train;
  if (lesson.logits)
    text += " and what " + options.teacher.value_or(options.teacher_logits.value_or("")) +
            " says of them";
  return text + ". It is in " + *options.save + ".";
}

parts::Table table_of(const Lesson& lesson, const std::optional<kd::Evaluation>& validation) {
  parts::Table table{"Who is right how often", {"", "right"}, {}};
  if (lesson.teacher_accuracy)
    table.rows.push_back(
        {"the teacher, of what is learned from", percent(*lesson.teacher_accuracy)});
  if (validation)
    table.rows.push_back(
        {"the student, of " + grouped(lesson.validation->size()) + " samples for validation",
         percent(validation->accuracy)});
  return table;
}

}  // namespace

std::string to_html(const Options& options, const Lesson& lesson, const kd::FitReport& training,
                    const std::optional<kd::Evaluation>& validation) {
  kd::Report page("A student of samples from files");
  page.text(introduction(options, lesson));
  if (lesson.teacher_validates)
    page.text("There are no labels to validate with: right is what the teacher says.");
  const parts::Table table = table_of(lesson, validation);
  if (!table.rows.empty()) page.add(table);
  page.section("Training, epoch by epoch").add(parts::LearningCurves{{{"the student", training}}});
  if (validation && validation->confusion.rows() > 0 &&
      validation->confusion.rows() <= most_confusion_classes)
    page.section("What is taken for what")
        .add(parts::Confusion{"Validation", validation->confusion, lesson.names.classes});
  return page.html();
}

}  // namespace from_files
